// Package change notices what changes in a system while it is watched: which services,
// operations, replicas and versions there are. A change is news for a person, and a
// hint at why an incident has begun after it; it is never a reason to raise one.
//
// A Ledger is shown one window after the other and says each change once:
//
//   - In the first windows everything is new, so that nothing is said, and neither is of
//     the operations and replicas of a service that is new itself.
//   - What is new must be seen in a few windows, a version in one: who looks for the
//     cause of an incident that begins with a deploy must know of it at once.
//   - What is silent is gone after a number of windows that have data, and after twice
//     its longest silence so far: what comes and goes is said ever less often.
//   - Silence of a service counts where at least half of the services are seen, since
//     otherwise the telemetry is silent, or where calls to it go unanswered.
package change

// Package change notices what changes in a system while it is watched: which services,
// operations, replicas, versions and hosts there are. A change is news for a person, and a
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
//   - One cause is one line. Hosts that come or go together are one change, and what follows
//     from that for services is none. A host of one replica is that replica.
//   - Hosts that come and go have other names each time: all that does so too often is
//     said as one, ever later.
//   - Silence of a service, and of a host, counts where at least half of the services are
//     seen, since otherwise the telemetry is silent, or where calls to it, or to who
//     ran there, go unanswered.
package change

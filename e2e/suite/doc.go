// Package e2e holds the tests of the whole: the built Collector, Jaeger's HotROD
// as four processes that export to it, real faults, and the events that come out.
// They run under the build tag e2e, as `make e2e` does, take some 10 minutes,
// and write their table to out/e2e.md and out/e2e.json.
//
// # What HotROD's shape lets a fault look like
//
// Most of HotROD sleeps. So a slow CPU shows only where it keeps sleepers from
// waking: a limit on CPU time, or one other process on the core, changes
// nothing; a crowd of computing processes on the core of a process of lower
// priority does. driver is no place for it, as its client gives up after 1 s and
// requests then fail rather than slow down: route takes the fault.
//
// The wait for the database connection lies inside mysql's CLIENT span, and no
// metric of a lock exists, so the connection mutex shows as a slow mysql whose
// cause no monitored resource explains. That is right by what can be known: the
// trace cannot tell a query that waits from one that works.
//
// The pool of route workers is shared by all requests. At one worker, as HotROD's
// own advice for a demonstration has it, the pool serves two requests a second
// and everything else waits without bound; eight workers at fifteen requests a
// second are a pool that is just too small.
package e2e

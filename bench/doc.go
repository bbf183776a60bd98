// Command bench measures what Sage costs beside what else a Collector does, all
// contenders in one process, taking turns, so that a machine that is slower for
// a while is so for everyone. It is a module of its own: nothing of the peers
// is in the product's go.mod.
//
// A section is one comparison: a file that adds itself to the list in
// sections.go, and gives the numbers for bench.json and a table. Sections that
// are not run keep their numbers of the last run in bench.json.
//
// Cost is CPU time of the whole process, of all its threads, garbage collection
// included (getrusage), so that nothing can hide in another goroutine.
package main

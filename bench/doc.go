// Command bench measures what Sage costs beside what else there is: what else a
// Collector does with spans and metrics, the same model in PyTorch, the same pipeline
// without it. It is a module of its own: nothing of the peers is in the product's
// go.mod. docs/benchmarks.md says what the numbers mean.
//
// A section is one comparison: a file that adds itself to the list in
// sections.go, and gives the numbers for bench.json and a table. Sections that
// are not run keep their numbers of the last run in bench.json.
//
// Contenders take turns, so that a machine that is slower for a while is so for
// everyone, and of the turns of each the lower quartile or the median counts. Where
// it says CPU, that is the time of a whole process, of all its threads, garbage
// collection included (getrusage), so that nothing can hide in another goroutine.
// What is said of memory is said of a process of its own, see part.go.
package main

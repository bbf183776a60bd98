// Package evaluate judges root-cause methods: it plays simulated applications
// through the path that a Collector takes (spans, ingest, windows, engine), and
// recordings of real systems as windows, asks every method about the same violated
// windows, and compares what they answer with what was broken.
//
//	simulate -> emit -> ingest -> windows -> engine --- rca.Input ---> methods
//	                       truth, twin without the fault -> judge -> tally -> Results
//
// How answers are judged is said where it is done: vote.go makes one answer of
// those to the windows of an incident, judge.go holds it against the truth,
// tally.go counts. Everything is seeded; the times in Results are the only figures
// that differ between runs, and Digest leaves them out.
package evaluate

// Package floor keeps an evaluation from getting worse unseen. A floor is the least
// that a figure of a method may be (or the most, where less is better); Check fails
// where a figure is beyond it, and also where it is gone: an evaluation that has
// lost a row has not passed it. Raise moves floors after an improvement, and only
// ever towards the better.
//
// Evaluations are seeded, and equal on one machine. Processors differ in how they
// fuse multiplications and additions, which may turn a close decision, so Raise
// leaves a slack of one incident.
package floor

// Package engine owns everything that happens after a window has closed: SLO
// state, history, the causal graph, training and the published model, verdicts,
// incidents and their persistence.
//
// Offer queues closed windows; one goroutine owns the state and judges them in
// order, one more trains at times. For each window, in this order:
//
//  1. a model whose time has come is published (publish.go),
//  2. what has changed of the system is noticed (notice.go); the window is folded into
//     history, graph and objectives, and violated objectives are judged (judge.go);
//     verdicts are completed by what has changed (link.go, absence.go),
//  3. a training is started where one is due (training.go): of the whole model, or of
//     what has changed (drift.go, behaviour.go),
//  4. what is to be said is said, and then noted in storage (checkpoint.go).
//
// What is said follows from the windows alone: the same windows give the same
// outputs. Panics stop at guard, errors go to the Observer, and the next window
// is judged.
package engine

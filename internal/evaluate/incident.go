package evaluate

import (
	"time"

	"github.com/sage-rca/sage/internal/method"
	"github.com/sage-rca/sage/internal/rca"
)

// replies are the answers of one method to the windows of one incident.
type replies struct {
	answers []method.Answer
	window  []int           // of each answer: windows since the onset, 1 is the first
	took    []time.Duration // of each answer
}

// Incident is one incident with what was answered.
type Incident struct {
	Truth Truth
	began int64 // start of the fault, ns since 1970
	// without holds the true tail without the fault by start of the window.
	without map[int64]float64
	starts  []int64 // of the windows that were judged
	numbers []int   // of the same: windows since the onset, 1 is the first
	// observed is what oracle thresholds, which are fitted in hindsight, need of them.
	observed []method.Observation
	replies  map[string]*replies
}

func newIncident(t Truth, began int64, methods []method.Method) *Incident {
	in := &Incident{Truth: t, began: began, replies: make(map[string]*replies)}
	for _, m := range methods {
		in.replies[m.Name()] = &replies{}
	}
	return in
}

// ask puts a violated window, the number of which since the onset is given, to all
// methods, and returns the answer of the first.
func (in *Incident) ask(methods []method.Method, q rca.Input, number int) *method.Answer {
	in.starts = append(in.starts, q.Snapshot.Start)
	in.numbers = append(in.numbers, number)
	in.observed = append(in.observed, method.Observe(q))
	var first method.Answer
	for i, m := range methods {
		q := q
		if t, ok := m.(told); ok {
			q = t.moved(q, in.began)
		}
		began := time.Now()
		a := m.Diagnose(q)
		took := time.Since(began)
		if i == 0 {
			first = a
		}
		r := in.replies[m.Name()]
		r.answers, r.window, r.took = append(r.answers, a), append(r.window, number), append(r.took, took)
	}
	return &first
}

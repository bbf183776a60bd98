package rca

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// stores is front > {a > db, b > db} at once, and c, off the path, calls the same database.
func stores() *world {
	return newWorld().
		serve("a", 0.020, 1).serve("b", 0.020, 1).serve("front", 0.005, 1).
		query("a", "db", 1, 0.010).query("b", "db", 1, 0.010).
		call("front", "a", 1, 0.002).call("front", "b", 1, 0.002)
}

// While the only thread of a service is busy, the spans of its calls go on.
func TestDiagnose_busyCaller(t *testing.T) {
	db, a := edge("a", "db"), []expected{{KindService, CPU, "a", identity.Edge{}, "process.cpu.utilization"}}
	itself := []expected{{KindDependency, Latent, "db", identity.Edge{}, ""}}
	for name, c := range map[string]struct {
		fault func(*world)
		want  []expected
	}{
		"who works twice as much for each request": {func(w *world) { w.leaf[db], w.metric[cpu("a")] = 0.300, 0.9 }, a},
		"half as much again":                       {func(w *world) { w.leaf[db], w.metric[cpu("a")] = 0.300, 0.6 }, itself},
		"others wait for the database, too": {func(w *world) {
			w.leaf[db], w.leaf[edge("b", "db")], w.metric[cpu("a")] = 0.300, 0.300, 0.9
		}, itself},
	} {
		in, rec := incident(stores(), c.fault)
		in.Snapshot.Edges = []window.Edge{{Key: db, Count: 400}, {Key: edge("b", "db"), Count: 400}}
		assert.Equal(t, c.want, namesOf(diagnose(in, Config{}.withDefaults(), rec, nil).Culprits), name)
	}
}

// Where nobody else calls the database, it may as well be slow, unless an event loop says that it is late.
func TestDiagnose_busyOnlyCaller(t *testing.T) {
	loop := cpu("back")
	loop.Name = "runtime.eventloop.delay"
	w := chain()
	w.metric[loop] = 0.002
	slow := func(w *world) { w.leaf[edge("back", "db")], w.metric[cpu("back")] = 0.300, 0.9 }
	for m, v := range both(w, slow) {
		assert.Equal(t, svc("db"), v.Culprits[0].Service, m)
	}
	blocked := func(w *world) { slow(w); w.metric[loop] = 0.400 }
	for m, v := range both(w, blocked) {
		assert.Equal(t, svc("back"), v.Culprits[0].Service, m)
		assert.Equal(t, CPU, v.Culprits[0].Mechanism, m)
	}
}

// Calls that are too few say nothing of a database.
func TestDiagnosis_others(t *testing.T) {
	in, rec := incident(stores(), func(w *world) { w.leaf[edge("a", "db")] = 0.300 })
	for calls, want := range map[float64]bool{400: true, lateCalls - 1: false} {
		in.Snapshot.Edges = []window.Edge{{Key: edge("a", "db"), Count: 400}, {Key: edge("b", "db"), Count: calls}}
		d := &diagnosis{in: in, v: newView(rec, in.Onset, 3.5)}
		there, late := d.others(edge("a", "db"))
		assert.Equal(t, want, there)
		assert.False(t, late)
	}
}

package engine

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/change"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/slo"
)

// deserted is an engine that has seen windows of two branches, front > cart > db and
// front > ads > mail, and one of conditions.
func deserted(t *testing.T, last string) *run {
	t.Helper()
	cfg := config()
	cfg.Changes, cfg.Lookback = change.Default(10), time.Hour
	cfg.Changes.Settle = 5
	e, err := New(cfg, nil, new(watch), func(context.Context, []Output) {})
	require.NoError(t, err)
	var w world
	w.chain("front > cart > db")
	w.chain("front > ads > mail")
	for i := range 10 {
		c, err := parseConditions(nil)
		require.NoError(t, err)
		e.run.step(t.Context(), w.picture(i, &c))
	}
	c, err := parseConditions(strings.Fields(last))
	require.NoError(t, err)
	e.run.step(t.Context(), w.picture(10, &c))
	return e.run
}

func blaming(service string) *rca.Verdict {
	v := &rca.Verdict{Method: rca.MethodRobust, Abstained: service == ""}
	if service != "" {
		v.Culprits = []rca.Cause{{Kind: rca.KindService, Mechanism: rca.ErrorRate, Service: identity.Service{Name: service}, Probability: 0.7, Contribution: 0.6}}
		v.Candidates = append(v.Culprits, rca.Cause{Kind: rca.KindService, Service: identity.Service{Name: "mail"}, Contribution: 0.4})
	}
	return v
}

func TestAbsence(t *testing.T) {
	for _, c := range []struct{ last, blamed, want string }{
		{"-db", "", "db 1.00; front > cart > db"},
		{"-db", "cart", "db 1.00; front > cart > db"}, // a caller
		{"-db", "db", "db 1.00; front > cart > db"},
		{"-db", "ads", ""}, // which has nothing to do with it
		{"-db -ads", "", "ads 0.50; front > ads; db 0.50; front > cart > db"},
		{"", "", ""},
		{"-front", "", ""}, // nobody calls it
	} {
		r := deserted(t, c.last)
		st := slo.State{RPC: rpc("front"), Onset: start(10)}
		before := blaming(c.blamed)
		got, ok := r.absence(st, below(r.graph, st.RPC), before)
		assert.Equal(t, c.want != "", ok, "%+v", c)
		assert.Equal(t, blaming(c.blamed), before, "the verdict itself is not changed")
		if !ok {
			assert.Same(t, before, got)
			continue
		}
		var texts []string
		sum := 0.0
		for _, k := range got.Culprits {
			assert.Equal(t, rca.KindAbsence, k.Kind)
			assert.InDelta(t, 40, k.Observed, 0)
			assert.InDelta(t, 0.99, k.Probability, 0)
			texts = append(texts, fmt.Sprintf("%s %.2f; %s", k.Service, k.Contribution, strings.Join(k.Path, " > ")))
		}
		for _, k := range got.Candidates {
			sum += k.Contribution
		}
		assert.InDelta(t, 1, sum, 1e-12, "contributions")
		assert.Equal(t, c.want, strings.Join(texts, "; "), "%+v", c)
		assert.False(t, got.Abstained)
		assert.Equal(t, []string{"no request served since 12:01:40Z", "40 of 40 calls to it failed"}, got.Culprits[0].Evidence)
	}
}

func TestBelow(t *testing.T) {
	r := deserted(t, "")
	n := below(r.graph, rpc("cart"))
	assert.Equal(t, []identity.Service{{Name: "cart"}, {Name: "db"}}, n.services)
	assert.Equal(t, map[identity.Service][]identity.Service{{Name: "db"}: {{Name: "cart"}}}, n.callers)
	assert.Empty(t, below(nil, rpc("cart")).services)
}

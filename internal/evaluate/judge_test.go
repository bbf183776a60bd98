package evaluate

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/method"
	"github.com/sage-rca/sage/internal/rca"
)

func svc(name string) identity.Service { return identity.Service{Name: name} }

// truth is a fault in the services of a text: "a/b" is a, or as right b.
func truth(mechanism rca.Mechanism, services ...string) Truth {
	t := Truth{Fault: "f"}
	for _, s := range services {
		c := Culprit{Service: svc(s[:1]), Mechanism: mechanism}
		if len(s) > 2 {
			c.Also = []identity.Service{svc(s[2:])}
		}
		t.Culprits = append(t.Culprits, c)
	}
	return t
}

// answer blames the first n of the services by CPU, and ranks all.
func answer(n int, ranked ...string) method.Answer {
	var a method.Answer
	for i, s := range ranked {
		c := method.Candidate{Service: svc(s), Mechanism: rca.CPU, Score: float64(len(ranked) - i), Probability: 0.9}
		a.Ranking = append(a.Ranking, c)
	}
	a.Culprits = a.Ranking[:n]
	return a
}

func TestJudge(t *testing.T) {
	for name, c := range map[string]struct {
		truth                          Truth
		answer                         method.Answer
		exact, missed, wrong, abstains bool
		top1, top3, f1                 float64
		resources                      int
	}{
		"right":                 {truth(rca.CPU, "a"), answer(1, "a", "b"), true, false, false, false, 1, 1, 1, 1},
		"right, by other means": {truth(rca.Disk, "a"), answer(1, "a"), true, false, false, false, 1, 1, 1, 0},
		"wrong":                 {truth(rca.CPU, "a"), answer(1, "b", "a"), false, true, true, false, 0, 1, 0, 0},
		"one too many":          {truth(rca.CPU, "a"), answer(2, "a", "b"), false, false, true, false, 1, 1, 2. / 3, 1},
		"one of two":            {truth(rca.CPU, "a", "b"), answer(1, "a", "c", "d", "b"), false, true, false, false, 1, 1. / 2, 2. / 3, 1},
		"both of two":           {truth(rca.CPU, "a", "b"), answer(2, "b", "a"), true, false, false, false, 1, 1, 1, 2},
		"abstains":              {truth(rca.CPU, "a"), method.Answer{}, false, true, false, true, 0, 0, 0, 0},
		"the other end":         {truth(rca.CPU, "a/b"), answer(1, "b"), true, false, false, false, 1, 1, 1, 1},
		"both ends are one":     {truth(rca.CPU, "a/b"), answer(2, "b", "a"), true, false, false, false, 1, 1, 1, 1},
		"one end for each":      {truth(rca.CPU, "a/b", "b"), answer(2, "a", "b"), true, false, false, false, 1, 1, 1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			o := judge(&c.truth, &c.answer)
			assert.Equal(t, c.exact, o.exact, "exact")
			assert.Equal(t, c.missed, o.missed, "missed")
			assert.Equal(t, c.wrong, o.wrong, "wrong")
			assert.Equal(t, c.abstains, o.abstained, "abstained")
			assert.InDelta(t, c.top1, o.top[0], 1e-12, "top-1")
			assert.InDelta(t, c.top3, o.top[2], 1e-12, "top-3")
			assert.InDelta(t, c.f1, o.f1, 1e-12, "F1")
			assert.Equal(t, c.resources, o.resources, "resources")
		})
	}
}

func TestJudge_namespace(t *testing.T) {
	there := identity.Service{Namespace: "shop", Name: "a"}
	said := method.Answer{Culprits: []method.Candidate{{Service: there}}}
	any, other := truth("", "a"), Truth{Culprits: []Culprit{{Service: identity.Service{Namespace: "bank", Name: "a"}}}}
	assert.True(t, judge(&any, &said).exact, "a truth without a namespace is of any")
	assert.False(t, judge(&other, &said).exact)
}

func TestMechanism_collectionsAreMemory(t *testing.T) {
	c := Culprit{Mechanism: rca.Memory}
	assert.True(t, c.by(rca.GC))
	assert.True(t, c.by(rca.Memory))
	assert.False(t, c.by(rca.CPU))
}

func TestVote(t *testing.T) {
	window := func(n int, scores ...any) method.Answer {
		var a method.Answer
		for i := 0; i < len(scores); i += 2 {
			a.Ranking = append(a.Ranking, method.Candidate{Service: svc(scores[i].(string)), Score: scores[i+1].(float64)})
		}
		a.Culprits = a.Ranking[:n]
		return a
	}
	names := func(cs []method.Candidate) (out []string) {
		for _, c := range cs {
			out = append(out, c.Service.Name)
		}
		return out
	}
	for name, c := range map[string]struct {
		windows        []method.Answer
		culprits, rank []string
		at             int
	}{
		"one": {[]method.Answer{window(1, "a", 3., "b", 1.)}, []string{"a"}, []string{"a", "b"}, 0},
		"two against one, whatever the scale": {
			[]method.Answer{window(1, "a", 3., "b", 1.), window(2, "b", 900., "a", 100.), window(2, "b", 9., "a", 1.)},
			[]string{"b", "a"},
			[]string{"b", "a"},
			2,
		},
		"the set is that of the last window that agrees": {
			[]method.Answer{window(1, "a", 1.), window(2, "a", 6., "b", 4.), window(1, "b", 1.)},
			[]string{"a", "b"},
			[]string{"a", "b"},
			1,
		},
		"abstentions do not vote": {
			[]method.Answer{{Reason: "x"}, window(1, "a", 1.), {Reason: "x"}}, []string{"a"}, []string{"a"}, 1,
		},
		"all abstain":             {[]method.Answer{{Reason: "x"}, {Reason: "y"}}, nil, nil, -1},
		"nobody was asked":        {nil, nil, nil, -1},
		"scores that say nothing": {[]method.Answer{window(1, "a", 0., "b", 0.)}, []string{"a"}, []string{"a", "b"}, 0},
		"no window puts first what all do": {
			[]method.Answer{window(1, "b", 5., "a", 4.), window(1, "c", 5., "a", 4.)}, []string{"c"}, []string{"a", "b", "c"}, 1,
		},
		"a tie goes to the first": {[]method.Answer{window(1, "b", 1.), window(1, "a", 1.)}, []string{"b"}, []string{"b", "a"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got, at := vote(c.windows)
			assert.Equal(t, c.culprits, names(got.Culprits))
			assert.Equal(t, c.rank, names(got.Ranking))
			assert.Equal(t, c.at, at)
		})
	}
}

package evaluate

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
)

// either is a truth of culprits, of each of which any of the letters is a right name.
func either(culprits ...string) *Truth {
	t := &Truth{Fault: "f"}
	for _, names := range culprits {
		c := Culprit{Service: svc(names[:1])}
		for _, n := range names[1:] {
			c.Also = append(c.Also, svc(string(n)))
		}
		t.Culprits = append(t.Culprits, c)
	}
	return t
}

func lettered(names string) (out []identity.Service) {
	for _, n := range names {
		out = append(out, svc(string(n)))
	}
	return out
}

func TestMatch(t *testing.T) {
	for name, c := range map[string]struct {
		truth        *Truth
		named        string
		found, wrong int
	}{
		"nothing named":              {either("a", "b"), "", 0, 0},
		"nothing broken":             {either(), "ab", 0, 2},
		"each by its name":           {either("a", "b"), "ba", 2, 0},
		"one wrong":                  {either("a", "b"), "ax", 1, 1},
		"both ends of one link":      {either("ab"), "ab", 1, 0},
		"one name for two":           {either("ab", "ac"), "a", 1, 0},
		"two links of one hub":       {either("ab", "ac"), "ab", 2, 0}, // a for the second, b for the first
		"the same, the other way":    {either("ab", "ac"), "ba", 2, 0},
		"whom b leaves to a":         {either("ab", "b"), "ba", 2, 0},
		"a chain that moves along":   {either("ab", "bc", "cd"), "abc", 3, 0},
		"a chain, from its end":      {either("ab", "bc", "cd"), "dcb", 3, 0},
		"the last takes the first's": {either("abc", "ab", "a"), "cba", 3, 0},
		"the first moves twice":      {either("abc", "ab", "a"), "abc", 3, 0},
		"three names for two":        {either("abc", "abc"), "abc", 2, 0},
		"a third that nobody needs":  {either("ab", "ab", "x"), "ab", 2, 0},
	} {
		t.Run(name, func(t *testing.T) {
			found, wrong := match(c.truth, lettered(c.named))
			assert.Equal(t, c.found, found, "found")
			assert.Equal(t, c.wrong, wrong, "wrong")
		})
	}
}

// mostNamed is the largest number of culprits that can be named at once, by trying
// every choice of a culprit, or none, for every name.
func mostNamed(t *Truth, named []identity.Service, taken []bool) int {
	if len(named) == 0 {
		return 0
	}
	most := mostNamed(t, named[1:], taken)
	for c := range t.Culprits {
		if !taken[c] && t.Culprits[c].is(named[0]) {
			taken[c] = true
			most = max(most, 1+mostNamed(t, named[1:], taken))
			taken[c] = false
		}
	}
	return most
}

func TestLaw_match(t *testing.T) {
	first := 0 // how often the first culprit that fits would have been too few
	for seed := range uint64(3000) {
		rng := rand.New(rand.NewPCG(seed, 17))
		truth := &Truth{}
		for range 1 + rng.IntN(4) {
			all := rng.Perm(6)
			c := Culprit{Service: svc(string(rune('a' + all[0])))}
			for _, x := range all[1 : 1+rng.IntN(3)] {
				c.Also = append(c.Also, svc(string(rune('a'+x))))
			}
			truth.Culprits = append(truth.Culprits, c)
		}
		var named []identity.Service
		for _, x := range rng.Perm(7)[:rng.IntN(6)] { // g is never right
			named = append(named, svc(string(rune('a'+x))))
		}
		what := fmt.Sprintf("seed %d: %v named %v", seed, truth.Culprits, named)

		found, wrong := match(truth, named)
		require.Equal(t, mostNamed(truth, named, make([]bool, len(truth.Culprits))), found, what)
		require.LessOrEqual(t, found, min(len(named), len(truth.Culprits)), what)
		require.LessOrEqual(t, found+wrong, len(named), what)
		right := slices.DeleteFunc(slices.Clone(named), func(s identity.Service) bool { return !truth.right(s) })
		require.Equal(t, len(named)-len(right), wrong, what)

		for range 3 {
			turned := slices.Clone(named)
			rng.Shuffle(len(turned), func(i, j int) { turned[i], turned[j] = turned[j], turned[i] })
			other := &Truth{Culprits: slices.Clone(truth.Culprits)}
			rng.Shuffle(len(other.Culprits), func(i, j int) { other.Culprits[i], other.Culprits[j] = other.Culprits[j], other.Culprits[i] })
			f, w := match(other, turned)
			require.Equal(t, [2]int{found, wrong}, [2]int{f, w}, "%s in another order", what)
		}
		if len(named) > 0 {
			f, _ := match(truth, named[1:])
			require.Contains(t, []int{found, found - 1}, f, "%s: one name is worth at most one", what)
		}
		if greedy(truth, named) < found {
			first++
		}
	}
	assert.Greater(t, first, 100, "the draws tell a matching from taking what comes first")
}

// greedy gives every name the first culprit that is left.
func greedy(t *Truth, named []identity.Service) (n int) {
	taken := make([]bool, len(t.Culprits))
	for _, s := range named {
		for c := range t.Culprits {
			if !taken[c] && t.Culprits[c].is(s) {
				taken[c] = true
				n++
				break
			}
		}
	}
	return n
}

// The measures by a matching: two links that meet at a are named by a and one of their
// other ends.
func TestJudge_linksThatMeet(t *testing.T) {
	said := answer(2, "a", "b", "x")
	o := judge(either("ab", "ac"), &said)
	assert.True(t, o.exact)
	assert.False(t, o.missed)
	assert.Equal(t, 1., o.f1)
	assert.Equal(t, 1., o.top[0])
	assert.Equal(t, 1., o.top[1])

	ends := answer(3, "a", "b", "c")
	o = judge(either("ab", "ac"), &ends)
	assert.True(t, o.exact, "a third end names no third culprit, and nothing wrong")
	assert.False(t, o.wrong)
	assert.Equal(t, 1., o.f1)
}

package evaluate

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/method"
)

// blames is an answer that blames the first n of the services, and ranks all.
func blames(culprits string, others string) method.Answer {
	var ranked []string
	for _, s := range culprits + others {
		ranked = append(ranked, string(s))
	}
	return answer(len(culprits), ranked...)
}

func TestChosen(t *testing.T) {
	for name, c := range map[string]struct {
		windows []method.Answer
		first   string // of the ranking of all
		want    int
	}{
		"none":                      {nil, "a", -1},
		"nobody blames anybody":     {[]method.Answer{blames("", "a"), blames("", "ab")}, "a", -1},
		"one":                       {[]method.Answer{blames("", "a"), blames("a", "b")}, "a", 1},
		"two of three":              {[]method.Answer{blames("a", "b"), blames("a", "b"), blames("ab", "")}, "a", 1},
		"two of three, apart":       {[]method.Answer{blames("a", "b"), blames("ab", ""), blames("a", "b")}, "a", 2},
		"the first two":             {[]method.Answer{blames("ab", "c"), blames("ab", ""), blames("abc", "")}, "a", 1},
		"in another order":          {[]method.Answer{blames("abc", ""), blames("acb", ""), blames("ab", "")}, "a", 1},
		"all different: the latest": {[]method.Answer{blames("a", ""), blames("ab", ""), blames("abc", "")}, "a", 2},
		"two each: the latest":      {[]method.Answer{blames("a", ""), blames("ab", ""), blames("ab", ""), blames("a", "")}, "a", 3},
		// b would have two, yet is not what all put first together.
		"only who agrees with the ranking": {[]method.Answer{blames("a", ""), blames("b", "a"), blames("b", "a")}, "a", 0},
		// Two blame a and b, one of them b first: that leaves one vote for each set.
		"of its votes as well":                {[]method.Answer{blames("ab", ""), blames("ba", ""), blames("a", "b")}, "a", 2},
		"those count that nobody agrees with": {[]method.Answer{blames("b", "a"), blames("c", "a"), blames("b", "a"), blames("c", "ba")}, "a", 3},
		"of those, the set that most name":    {[]method.Answer{blames("b", "a"), blames("b", "a"), blames("c", "a")}, "a", 1},
		"a subset is another set":             {[]method.Answer{blames("ab", ""), blames("ab", ""), blames("a", "b")}, "a", 1},
		"who abstains puts nobody first":      {[]method.Answer{blames("a", ""), blames("", "a"), blames("", "a")}, "a", 0},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.want, chosen(c.windows, []identity.Service{svc(c.first)}))
		})
	}
}

// The set of most windows, whatever the last one says, is the answer to the incident.
func TestVote_setOfMostWindows(t *testing.T) {
	got, at := vote([]method.Answer{blames("ab", "c"), blames("ab", "c"), blames("a", "bc")})
	assert.Equal(t, 1, at)
	assert.Equal(t, lettered("ab"), services(got.Culprits))
}

// Windows in which nobody is to blame, before a fault begins or after it, do not outvote the one
// in which somebody is.
func TestVote_whoAbstains(t *testing.T) {
	got, at := vote([]method.Answer{blames("", "b"), blames("a", "b"), blames("", "b")})
	assert.Equal(t, 1, at)
	assert.Equal(t, "a", got.Ranking[0].Service.Name)
	got, _ = vote([]method.Answer{blames("", "b"), blames("", "b"), blames("", "a")})
	assert.Equal(t, "b", got.Ranking[0].Service.Name, "where nobody is blamed at all each has a vote")
}

func TestSameSet(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"", "", true},
		{"a", "a", true},
		{"ab", "ba", true},
		{"aab", "ab", true}, // both ends of a link at one service
		{"a", "ab", false},
		{"ab", "a", false},
		{"ab", "ac", false},
		{"a", "", false},
	} {
		a, b := blames(c.a, ""), blames(c.b, "")
		assert.Equal(t, c.want, sameSet(&a, &b), "%q %q", c.a, c.b)
	}
}

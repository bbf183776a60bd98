package slo

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/identity"
)

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"*", "anything at all", true},
		{"GET /cart", "GET /cart", true},
		{"GET /cart", "GET /carts", false},
		{"GET /carts", "GET /cart", false},
		{"POST /cart/*", "POST /cart/", true},
		{"POST /cart/*", "POST /cart/7/items", true},
		{"POST /cart/*", "POST /cart", false},
		{"*/dispatch", "HTTP GET /dispatch", true},
		{"*/dispatch", "HTTP GET /dispatch/", false},
		{"a?c", "abc", true},
		{"a?c", "ac", false},
		{"a?c", "aéc", true}, // one character, two bytes
		{"??", "é", false},
		{"*é?", "xxéy", true},
		{"a*b*c", "a-b-b-c", true},
		{"a*b*c", "a-c-b", false},
		{"**a**", "bab", true},
		{"[a-z].", "q!", false}, // nothing else is special
		{"[a-z].", "[a-z].", true},
	} {
		assert.Equal(t, c.want, match(c.pattern, c.name), "%q on %q", c.pattern, c.name)
	}
}

// A glob is the regular expression with .* for * and . for ?.
func FuzzMatch(f *testing.F) {
	f.Add("a*b?c", "aXXbYc")
	f.Add("*é?", "éa")
	f.Add("****", "")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		pattern, name = strings.ToValidUTF8(pattern, ""), strings.ToValidUTF8(name, "")
		if len(pattern) > 40 || len(name) > 80 {
			t.Skip("a regular expression would take long")
		}
		r := regexp.QuoteMeta(pattern)
		r = strings.ReplaceAll(strings.ReplaceAll(r, `\*`, ".*"), `\?`, ".")
		want := regexp.MustCompile(`(?s)\A` + r + `\z`).MatchString(name)
		if got := match(pattern, name); got != want {
			t.Errorf("match(%q, %q) = %v", pattern, name, got)
		}
	})
}

func TestMatch_isNotExponential(t *testing.T) {
	assert.False(t, match(strings.Repeat("a*", 100)+"b", strings.Repeat("a", 5000)))
}

func TestObjective_Matches(t *testing.T) {
	rpc := identity.RPC{Service: identity.Service{Namespace: "shop", Name: "cart"}, Operation: "GET /"}
	for _, c := range []struct {
		service identity.Service
		want    bool
	}{
		{identity.Service{Name: "cart"}, true},
		{identity.Service{Namespace: "shop", Name: "cart"}, true},
		{identity.Service{Namespace: "other", Name: "cart"}, false},
		{identity.Service{Name: "c*"}, false}, // a service is no glob
	} {
		assert.Equal(t, c.want, Objective{Service: c.service, Operation: "*"}.Matches(rpc), "%v", c.service)
	}
	assert.False(t, Objective{Service: identity.Service{Name: "cart"}, Operation: "POST *"}.Matches(rpc))
	named := Objective{Service: identity.Service{Name: "cart"}, Operation: "GET /8", Template: "GET /{id}"}
	for op, want := range map[string]bool{"GET /8": true, "GET /{id}": true, "GET /9": false} {
		assert.Equal(t, want, named.Matches(identity.RPC{Service: rpc.Service, Operation: op}), op)
	}
}

package openslo

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/slo"
)

func TestRead(t *testing.T) {
	got, problems := Read([]string{"testdata/shop.yaml", "testdata/indicators.yaml"})
	require.Empty(t, problems)
	frontend, cart := identity.Service{Name: "frontend"}, identity.Service{Name: "cart"}
	const day = 24 * time.Hour
	want := []Imported{
		{slo.Objective{Name: "cart-latency/most", Service: frontend, Operation: "POST /cart/*", Threshold: 500 * time.Millisecond, Target: 0.99, Period: 28 * day}, "", 31},
		{slo.Objective{Name: "cart-latency/2", Service: frontend, Operation: "POST /cart/*", Threshold: 2 * time.Second, Target: 0.999, Period: 28 * day}, "", 32},
		{slo.Objective{Name: "cart-p95", Service: frontend, Operation: "GET /cart", Quantile: 0.95, Threshold: 250 * time.Millisecond, Target: 0.95}, "", 42},
		{slo.Objective{Name: "cart-errors", Service: identity.Service{Namespace: "shop", Name: "cart"}, Operation: "*", Indicator: slo.Errors, Target: 0.999, Period: 30 * day}, "", 61},
		{slo.Objective{Name: "cart-ok", Service: cart, Operation: "Add", Indicator: slo.Errors, Target: 0.9}, "", 77},
		{slo.Objective{Name: "cart-fast", Service: cart, Operation: "*", Threshold: 120 * time.Millisecond, Target: 0.9}, "", 93},
		{slo.Objective{Name: "cart-slow", Service: cart, Operation: "*", Threshold: time.Second, Target: 0.9}, "", 109},
	}
	for i := range want {
		want[i].File = "testdata/shop.yaml"
	}
	assert.Equal(t, want, got)

	var objectives []slo.Objective
	for _, g := range got {
		objectives = append(objectives, g.Objective)
	}
	_, err := slo.NewWatcher(slo.Config{Objectives: objectives, OpenK: 1, OpenN: 1, ResolveM: 1})
	require.NoError(t, err, "what is imported can be watched")
}

// Every unsupported part is refused where it stands, all at once, and nothing is
// imported in part.
func TestRead_refuses(t *testing.T) {
	got, problems := Read([]string{"testdata/refused.yaml", "testdata/broken.yaml", "testdata/empty.yaml", "testdata/missing.yaml"})
	assert.Empty(t, got)
	var lines []string
	for _, p := range problems {
		lines = append(lines, strings.TrimPrefix(p.Error(), "testdata/"))
	}
	want, err := os.ReadFile("testdata/refused.txt")
	require.NoError(t, err)
	assert.Equal(t, strings.Split(strings.TrimSpace(string(want)), "\n"), lines)
}

func TestRead_bounds(t *testing.T) {
	big := filepath.Join(t.TempDir(), "big.yaml")
	require.NoError(t, os.WriteFile(big, []byte(strings.Repeat("#", maxFile+1)), 0o600))
	_, problems := Read([]string{big})
	assert.Equal(t, []Problem{{big, 0, "is larger than 1048576 bytes"}}, problems)
}

// Whatever a file holds, it is imported whole or refused with a line.
func FuzzRead(f *testing.F) {
	for _, name := range []string{"shop", "indicators", "refused", "broken"} {
		b, err := os.ReadFile("testdata/" + name + ".yaml")
		require.NoError(f, err)
		for doc := range strings.SplitSeq(string(b), "---\n") {
			f.Add(doc)
		}
	}
	f.Add("a: &a [*a]")
	f.Add("&a {? {} : *a}")
	f.Fuzz(func(t *testing.T, text string) {
		in := newImporter()
		if in.file("x.yaml", []byte(text)) != nil {
			return
		}
		got, problems := in.finish()
		for _, p := range problems {
			assert.True(t, p.Reason != "" && p.Line > 0, "%+v", p)
		}
		for _, g := range got {
			o := g.Objective
			assert.True(t, o.Target > 0 && o.Target < 1 && o.Name != "" && o.Service.Name != "" && o.Operation != "", "%+v", o)
			assert.True(t, o.Indicator == slo.Errors && o.Threshold == 0 || o.Indicator == slo.Latency && o.Threshold > 0, "%+v", o)
		}
	})
}

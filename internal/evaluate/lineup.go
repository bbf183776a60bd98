package evaluate

import (
	"github.com/sage-rca/sage/internal/method"
	"github.com/sage-rca/sage/internal/rca"
)

// The methods of every table. Those in the first list run beside a structured
// model, the default's; those in the second beside one as published. Oracle
// thresholds are fitted to all answers afterwards.
func lineup() []method.Method {
	return []method.Method{
		method.Sage{},
		method.Robust{},
		method.Random{Seed: 1},
		method.MaxLatency{},
		method.NSigma{},
		method.NSigma{Calls: true},
		method.BARO{},
		method.BARO{Calls: true},
		method.CIRCA{},
		method.Exclusive{},
	}
}

func published() []method.Method { return []method.Method{method.Published{}} }

// order is that of the rows.
var order = []string{
	"random", "max_latency", "nsigma", "nsigma_calls", "baro", "baro_calls", "circa", "exclusive", "thresholds", "sage_published", "robust", "sage",
}

// named gives a method another name.
type named struct {
	method.Method
	name string
}

// Name implements method.Method.
func (n named) Name() string { return n.name }

// ablations are the default without one of the parts that go beyond the published
// method each, beside a structured model.
func ablations() []method.Method {
	var out []method.Method
	for _, p := range []struct {
		name string
		part rca.Part
	}{
		{"without screen", rca.Screen},
		{"without guide", rca.Guide},
		{"without floor", rca.Floor},
		{"without anchor", rca.Anchor},
		{"without fallback", rca.Fallback},
		{"without sufficiency", rca.Sufficient},
		{"search alone", rca.Screen | rca.Guide | rca.Floor | rca.Anchor | rca.Fallback | rca.Sufficient},
	} {
		out = append(out, named{method.Sage{Config: rca.Config{Without: p.part}}, p.name})
	}
	return out
}

// unstructured is the default's search on a model as published.
func unstructured() method.Method { return named{method.Sage{}, "without structured decoders"} }

package apps

import (
	"fmt"
	"strings"

	"github.com/sage-rca/sage/internal/simulate"
)

// makers are the applications by name. seed only matters to those that are drawn.
var makers = []struct {
	name string
	make func(seed uint64) *simulate.App
}{
	{"chain", chain},
	{"fanout", fanout},
	{"social", social},
	{"sockshop", sockshop},
	{"syn-16", func(seed uint64) *simulate.App { return synthetic(16, seed) }},
	{"syn-64", func(seed uint64) *simulate.App { return synthetic(64, seed) }},
	{"syn-256", func(seed uint64) *simulate.App { return synthetic(256, seed) }},
	{"syn-1024", func(seed uint64) *simulate.App { return synthetic(1024, seed) }},
}

// Names returns the names that New knows, the smallest application first.
func Names() []string {
	names := make([]string, len(makers))
	for i, m := range makers {
		names[i] = m.name
	}
	return names
}

// New returns the application called name. What is random in it (the placement
// of replicas on hosts, and all of the syn ones) is drawn from seed.
func New(name string, seed uint64) (*simulate.App, error) {
	for _, m := range makers {
		if m.name == name {
			return m.make(seed), nil
		}
	}
	return nil, fmt.Errorf("apps: there is no application %q (there are %s)", name, strings.Join(Names(), ", "))
}

// ServiceName returns the name of service i of app, "" where there is none.
func ServiceName(app *simulate.App, i int) string {
	if i < 0 || i >= len(app.Services) {
		return ""
	}
	return app.Services[i].Name
}

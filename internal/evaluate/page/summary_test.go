package page_test

import (
	"fmt"

	"github.com/sage-rca/sage/internal/evaluate"
	"github.com/sage-rca/sage/internal/evaluate/page"
)

func ExampleSummary() {
	fmt.Print(page.Summary(&evaluate.Results{Suites: []evaluate.Suite{{
		Name: "chain",
		Methods: []evaluate.MethodResult{
			{Name: "baro", Incidents: 40, Exact: 0.6},
			{Name: "sage", Incidents: 40, Exact: 0.95, ExactCI: evaluate.Interval{0.835, 0.986}},
		},
		Decoys: evaluate.Decoys{Hours: 2, Episodes: 12},
	}}}))
	// Output:
	// chain     exact  95.0 % [83.5, 98.6] of 40, best baseline baro 60.0 % (ahead), target >= 97.0 %: below target
	// decoys: 0 false incidents in 2.0 hours
	// targets: 2 met, 1 not met, 16 not measured
}

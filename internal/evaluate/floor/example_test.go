package floor_test

import (
	"fmt"

	"github.com/sage-rca/sage/internal/evaluate"
	"github.com/sage-rca/sage/internal/evaluate/floor"
)

func ExampleCheck() {
	least := 0.95
	r := &evaluate.Results{Suites: []evaluate.Suite{{
		Name:    "chain",
		Methods: []evaluate.MethodResult{{Name: "sage", Incidents: 40, Exact: 0.9}},
	}}}
	fmt.Println(floor.Check(r, []floor.Floor{{Suite: "chain", Method: "sage", Figure: "exact", Min: &least}}))
	// Output: floor: chain sage exact is 0.9000, below its floor of 0.9500
}

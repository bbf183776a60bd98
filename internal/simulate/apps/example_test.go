package apps_test

import (
	"fmt"
	"time"

	"github.com/sage-rca/sage/internal/simulate"
	"github.com/sage-rca/sage/internal/simulate/apps"
)

func ExampleNewPlan() {
	app, err := apps.New("chain", 1)
	if err != nil {
		panic(err)
	}
	plan, err := apps.NewPlan(app, apps.PlanConfig{
		Seed: 1, Incidents: 2, Warmup: time.Hour, Length: 5 * time.Minute, Gap: 10 * time.Minute,
		Kinds: []simulate.FaultKind{simulate.NetworkDelay, simulate.CPUContention},
	})
	if err != nil {
		panic(err)
	}
	healthy := apps.Tail(app)
	for _, e := range plan.Episodes {
		fmt.Println(e.Name, e.Culprits[0].Mechanism, e.End-e.Start, apps.Tail(app, e.Faults...) > 1.5*healthy)
	}
	// Output:
	// network_delay network 5m0s true
	// cpu_contention cpu 5m0s true
}

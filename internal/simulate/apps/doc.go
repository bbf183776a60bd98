// Package apps has applications to simulate and campaigns of faults to play on
// them.
//
// New makes an application by name: chain, fanout, social, sockshop, and syn-N
// for N RPCs drawn from a seed. All numbers in them are of the kind that is seen
// in the field: a few milliseconds of CPU per request, links of a third of a
// millisecond, containers with limits that are used to a tenth up to a half, on
// hosts that other work keeps busy too. Entry 0 of every application is the one
// whose latency is watched.
//
// NewPlan draws a campaign: which faults and decoys happen where, when, and how
// strong. Faults are put on services that the watched entry waits for. Their
// sizes are found by arithmetic on the application (Tail), not by hand: such
// that the 99th percentile of the watched entry becomes a drawn multiple of the
// healthy one.
//
//	app, err := apps.New("social", 7)
//	plan, err := apps.NewPlan(app, apps.PlanConfig{Seed: 7, Incidents: 20, Decoys: 5})
//	simulate.Run(ctx, app, simulate.Config{Duration: plan.Duration, Faults: plan.Faults()}, sink)
//
// Everything is a function of its arguments: equal seeds give equal results.
package apps

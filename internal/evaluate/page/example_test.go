package page_test

import (
	"math"

	"github.com/sage-rca/sage/internal/evaluate"
)

func of(v float64) *float64 { return &v }

// near is an interval about a share, of a width that is easy to see in a table.
func near(v float64) evaluate.Interval {
	return evaluate.Interval{math.Max(0, v-0.1), math.Min(1, v+0.05)}
}

// row is a method that finds exact of n sets and has top1.
func row(name string, n int, exact, top1 float64) evaluate.MethodResult {
	return evaluate.MethodResult{
		Name: name, Incidents: n, Exact: exact, ExactCI: near(exact), Missed: 1 - exact, MissedCI: near(1 - exact),
		Wrong: (1 - exact) / 2, WrongCI: near((1 - exact) / 2), Top1: top1, Top1CI: near(top1), Top3: top1, Top3CI: near(top1),
		Avg5: top1, F1: exact, VerdictMS: 12.34,
	}
}

// example has a suite in which the default leads, one in which it loses, a recorded
// set, and a part of everything else.
func example() *evaluate.Results {
	trained := row("sage", 40, 0.975, 0.975)
	trained.Wrong, trained.WrongCI = 0.025, near(0.025)
	trained.Resource, trained.WindowsToVerdict, trained.TrainS = of(0.95), of(1.5), 41.2
	third := 1.0 / 3
	return &evaluate.Results{
		Suites: []evaluate.Suite{
			{
				Name: "chain",
				Methods: []evaluate.MethodResult{
					row("random", 40, 0.05, 0.1), row("exclusive", 40, 0.9, 0.975), row("sage_published", 40, 0.8, 0.85),
					row("robust", 40, 0.85, 0.95), trained,
				},
				ByFault: map[string][]evaluate.MethodResult{
					"cpu":  {row("random", 30, 0.1, 0.1), row("exclusive", 30, 1, 1), row("robust", 30, 0.8, 0.9), row("sage", 30, 1, 1)},
					"pool": {row("exclusive", 10, 0.6, 0.9), row("robust", 10, 1, 1), row("sage", 10, 0.9, 0.9)},
				},
				Decoys: evaluate.Decoys{Hours: 3.25, Episodes: 10, FalseIncidents: 2, ByKind: map[string]int{"restart": 1, "deploy": 1, "blip": 0}},
			},
			{
				Name: "fanout | wide",
				Methods: []evaluate.MethodResult{
					row("exclusive", 3, third, 2*third), row("sage", 3, 0, third), {Name: "baro"},
				},
				ByFault: map[string][]evaluate.MethodResult{
					"cpu":  {row("exclusive", 2, 0.5, 1), row("sage", 2, 0, 0.5)},
					"disk": {row("exclusive", 1, 0, 0), row("sage", 1, 0, 0)},
				},
				Decoys: evaluate.Decoys{Hours: 1, Episodes: 4},
			},
			{Name: "fanout", Methods: []evaluate.MethodResult{row("exclusive", 20, 0.95, 1), row("sage", 20, 0.95, 1)}},
		},
		Recorded: []evaluate.RecordedSet{{
			Name:    "shop",
			Methods: []evaluate.MethodResult{row("baro", 18, 0.7, 0.7), row("robust", 18, 0.75, 0.75), row("sage", 18, 0.8, 0.85)},
			ByFault: map[string][]evaluate.MethodResult{
				"delay":   {row("baro", 10, 0.1, 0.1), row("sage", 10, 0.9, 0.9)},
				"latency": {row("baro", 8, 0.9, 0.9), row("sage", 8, 0.7, 0.8)},
			},
			Published: []string{"Someone (2023): top-1 .93,\n with logs"},
		}},
		Ablations: []evaluate.Suite{{Name: "chain", Methods: []evaluate.MethodResult{row("without screen", 40, 1, 1), row("without floor", 40, 0.5, 0.6)}}},
		WhatIf:    evaluate.WhatIf{Incidents: 39, MedianAbsRelError: 0.123, P90AbsRelError: 0.4, Coverage90: 0.9, CoverageCI: near(0.9)},
		Calibration: []evaluate.Bin{
			{From: 0, To: 0.5, CI: evaluate.Interval{0, 1}},
			{From: 0.5, To: 0.9, N: 10, Mean: 0.8, Right: 0.6, CI: evaluate.Interval{0.3, 0.75}},
			{From: 0.9, To: 1, N: 30, Mean: 0.95, Right: 0.95, CI: evaluate.Interval{0.85, 0.99}},
		},
		Robustness: map[string][]evaluate.Point{
			"chain: sampling": {
				{At: "100 %", Methods: []evaluate.MethodResult{row("robust", 24, 0.8, 0.9), row("baro", 24, 0.5, 0.6), row("sage", 24, 0.95, 0.95)}},
				{At: "10 %", Methods: []evaluate.MethodResult{row("robust", 24, 0.8, 0.9), row("baro", 24, 0.5, 0.6), row("sage", 24, 0.94, 0.94)}},
				{At: "1 %", Methods: []evaluate.MethodResult{row("robust", 24, 0.8, 0.9), row("baro", 24, 0.5, 0.6), row("sage", 24, 0.7, 0.8)}},
			},
			"chain: onset": {{At: "late", Methods: []evaluate.MethodResult{row("nsigma", 24, 0.16, 0.16)}}, {At: "lost"}},
		},
		Updates: evaluate.Updates{Steps: []evaluate.UpdateStep{
			{Name: "before"},
			{Name: "added", Methods: []evaluate.MethodResult{row("robust", 10, 0.8, 0.8), row("sage", 10, 0.9, 0.9)}},
			{Name: "partial", Methods: []evaluate.MethodResult{row("sage", 10, 0.9, 1)}, TrainS: 4},
			{Name: "scratch", Methods: []evaluate.MethodResult{row("sage", 10, 1, 1)}, TrainS: 50},
		}},
		Digest: "c0ffee",
	}
}

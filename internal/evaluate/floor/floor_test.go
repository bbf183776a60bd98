package floor_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/evaluate"
	"github.com/sage-rca/sage/internal/evaluate/floor"
)

func of(v float64) *float64 { return &v }

// results holds 20 incidents of a suite, 10 of a recorded set, and 8 predictions.
func results() *evaluate.Results {
	return &evaluate.Results{
		Suites: []evaluate.Suite{{
			Name: "mesh",
			Methods: []evaluate.MethodResult{
				{Name: "ours", Incidents: 20, Exact: 0.9, Missed: 0.1, Wrong: 0.05, Top1: 0.95, Top3: 1, Avg5: 0.98, F1: 0.93, Resource: of(0.8), WindowsToVerdict: of(2)},
				{Name: "theirs", Incidents: 20, Exact: 0.5, Abstained: 0.25},
				{Name: "idle"},
			},
			Decoys: evaluate.Decoys{Hours: 2, Episodes: 5, FalseIncidents: 1},
		}, {Name: "calm"}},
		Recorded: []evaluate.RecordedSet{{Name: "shop", Methods: []evaluate.MethodResult{{Name: "ours", Incidents: 10, Top1: 0.7}}}},
		WhatIf:   evaluate.WhatIf{Incidents: 8, MedianAbsRelError: 0.08, P90AbsRelError: 0.2, Coverage90: 0.875},
	}
}

func TestCheck(t *testing.T) {
	at := func(suite, method, figure string) floor.Floor {
		return floor.Floor{Suite: suite, Method: method, Figure: figure}
	}
	least := func(f floor.Floor, v float64) floor.Floor { f.Min = &v; return f }
	most := func(f floor.Floor, v float64) floor.Floor { f.Max = &v; return f }
	for name, c := range map[string]struct {
		floor floor.Floor
		want  string // "" holds
	}{
		"exact at its floor":        {least(at("mesh", "ours", "exact"), 0.9), ""},
		"exact below":               {least(at("mesh", "ours", "exact"), 0.91), "mesh ours exact is 0.9000, below its floor of 0.9100"},
		"top1":                      {least(at("mesh", "ours", "top1"), 0.951), "below"},
		"top3":                      {least(at("mesh", "ours", "top3"), 1), ""},
		"avg5":                      {least(at("mesh", "ours", "avg5"), 0.981), "below"},
		"f1":                        {least(at("mesh", "ours", "f1"), 0.931), "below"},
		"resource":                  {least(at("mesh", "ours", "resource"), 0.81), "below"},
		"resource that is null":     {least(at("mesh", "theirs", "resource"), 0), "is null"},
		"wrong":                     {most(at("mesh", "ours", "wrong"), 0.05), ""},
		"wrong above":               {most(at("mesh", "ours", "wrong"), 0.04), "mesh ours wrong is 0.0500, above its ceiling of 0.0400"},
		"missed above":              {most(at("mesh", "ours", "missed"), 0.09), "above"},
		"abstained above":           {most(at("mesh", "theirs", "abstained"), 0.2), "above"},
		"windows above":             {most(at("mesh", "ours", "windows_to_verdict"), 1), "above"},
		"false incidents":           {most(at("mesh", "", "false_incidents"), 1), ""},
		"false incidents above":     {most(at("mesh", "", "false_incidents"), 0), "above"},
		"no decoys were played":     {most(at("calm", "", "false_incidents"), 0), "nothing was measured"},
		"recorded sets have none":   {most(at("shop", "", "false_incidents"), 0), "nothing was measured"},
		"recorded set":              {least(at("shop", "ours", "top1"), 0.7), ""},
		"recorded set below":        {least(at("shop", "ours", "top1"), 0.8), "below"},
		"what-if":                   {most(at(floor.WhatIf, "", "median_abs_rel_error"), 0.07), "above"},
		"what-if, tail":             {most(at(floor.WhatIf, "", "p90_abs_rel_error"), 0.2), ""},
		"coverage within":           {most(least(at(floor.WhatIf, "", "coverage90"), 0.85), 0.95), ""},
		"coverage below":            {least(at(floor.WhatIf, "", "coverage90"), 0.9), "below"},
		"coverage above":            {most(at(floor.WhatIf, "", "coverage90"), 0.8), "above"},
		"a suite that is gone":      {least(at("ring", "ours", "exact"), 0), "no suite or recorded set of that name"},
		"a method that is gone":     {least(at("mesh", "older", "exact"), 0), "no such method"},
		"a figure that is none":     {least(at("mesh", "ours", "verdict_ms"), 0), "is no figure"},
		"a method without answers":  {most(at("mesh", "idle", "wrong"), 1), "nothing was measured"},
		"a floor without any bound": {at("mesh", "ours", "exact"), "neither"},
	} {
		t.Run(name, func(t *testing.T) {
			err := floor.Check(results(), []floor.Floor{c.floor})
			if c.want == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, c.want)
			}
		})
	}
}

func TestCheck_reportsEverything(t *testing.T) {
	err := floor.Check(results(), []floor.Floor{
		{Suite: "mesh", Method: "ours", Figure: "exact", Min: of(0.95)},
		{Suite: "mesh", Method: "ours", Figure: "top3", Min: of(1)},
		{Suite: "ring", Method: "ours", Figure: "exact", Min: of(0)},
	})
	require.ErrorContains(t, err, "mesh ours exact")
	require.ErrorContains(t, err, "ring ours exact")
	assert.NotContains(t, err.Error(), "top3")
}

// Nothing passes for want of data.
func TestCheck_ofNothing(t *testing.T) {
	one := []floor.Floor{{Suite: "mesh", Method: "ours", Figure: "wrong", Max: of(1)}}
	require.Error(t, floor.Check(nil, one))
	require.Error(t, floor.Check(&evaluate.Results{}, one))
	require.Error(t, floor.Check(results(), nil))

	r := results()
	r.Suites[0].Methods[0].Wrong = math.NaN()
	require.ErrorContains(t, floor.Check(r, one), "not a number")

	r = results()
	r.Recorded[0].Name = "mesh"
	require.ErrorContains(t, floor.Check(r, one), "two suites")
}

func TestRaise(t *testing.T) {
	for name, c := range map[string]struct{ floor, want floor.Floor }{
		"up, less one incident of 20": {
			floor.Floor{Suite: "mesh", Method: "ours", Figure: "exact", Min: of(0.5)},
			floor.Floor{Suite: "mesh", Method: "ours", Figure: "exact", Min: of(0.85)},
		},
		"never down": {
			floor.Floor{Suite: "mesh", Method: "ours", Figure: "exact", Min: of(0.88)},
			floor.Floor{Suite: "mesh", Method: "ours", Figure: "exact", Min: of(0.88)},
		},
		"not even where it fails": {
			floor.Floor{Suite: "mesh", Method: "ours", Figure: "exact", Min: of(0.97)},
			floor.Floor{Suite: "mesh", Method: "ours", Figure: "exact", Min: of(0.97)},
		},
		"a ceiling comes down": {
			floor.Floor{Suite: "mesh", Method: "ours", Figure: "wrong", Max: of(0.3)},
			floor.Floor{Suite: "mesh", Method: "ours", Figure: "wrong", Max: of(0.1)},
		},
		"a ceiling never goes up": {
			floor.Floor{Suite: "mesh", Method: "ours", Figure: "wrong", Max: of(0.02)},
			floor.Floor{Suite: "mesh", Method: "ours", Figure: "wrong", Max: of(0.02)},
		},
		"false incidents without slack": {
			floor.Floor{Suite: "mesh", Figure: "false_incidents", Max: of(3)},
			floor.Floor{Suite: "mesh", Figure: "false_incidents", Max: of(1)},
		},
		"a tenth of an error": {
			floor.Floor{Suite: floor.WhatIf, Figure: "median_abs_rel_error", Max: of(1)},
			floor.Floor{Suite: floor.WhatIf, Figure: "median_abs_rel_error", Max: of(0.088)},
		},
		"coverage stays": {
			floor.Floor{Suite: floor.WhatIf, Figure: "coverage90", Min: of(0.5), Max: of(0.99)},
			floor.Floor{Suite: floor.WhatIf, Figure: "coverage90", Min: of(0.5), Max: of(0.99)},
		},
		"what is gone stays": {
			floor.Floor{Suite: "ring", Method: "ours", Figure: "exact", Min: of(0.1)},
			floor.Floor{Suite: "ring", Method: "ours", Figure: "exact", Min: of(0.1)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			in := []floor.Floor{c.floor}
			got := floor.Raise(results(), in)
			assert.Equal(t, []floor.Floor{c.want}, got)
			assert.Equal(t, c.floor, in[0], "the argument is left alone")
		})
	}
}

// A raised floor holds for what raised it, and for one incident less; not for two.
func TestRaise_leavesOneIncident(t *testing.T) {
	for n := 1; n <= 60; n++ {
		for k := 2; k <= n; k++ {
			at := func(k int) *evaluate.Results {
				return &evaluate.Results{Suites: []evaluate.Suite{{Name: "s", Methods: []evaluate.MethodResult{{Name: "m", Incidents: n, Exact: float64(k) / float64(n)}}}}}
			}
			raised := floor.Raise(at(k), []floor.Floor{{Suite: "s", Method: "m", Figure: "exact", Min: of(0)}})
			require.NoError(t, floor.Check(at(k), raised))
			require.NoError(t, floor.Check(at(k-1), raised), "%d of %d", k-1, n)
			require.Error(t, floor.Check(at(k-2), raised), "%d of %d", k-2, n)
		}
	}
}

func TestCover(t *testing.T) {
	old := []floor.Floor{{Suite: "mesh", Method: "ours", Figure: "exact", Min: of(0.6)}}
	got := floor.Cover(results(), "ours", old)
	require.Contains(t, got, old[0], "what is there stays")
	require.Contains(t, got, floor.Floor{Suite: "shop", Method: "ours", Figure: "wrong", Max: of(1)})
	require.Contains(t, got, floor.Floor{Suite: "mesh", Figure: "false_incidents", Max: of(1)})
	// 6 of the suite, false incidents, 5 of the recorded set (no resource), what-if.
	require.Len(t, got, 13)
	require.NoError(t, floor.Check(results(), got))
	assert.Equal(t, got, floor.Cover(results(), "ours", got), "covered twice is covered once")

	raised := floor.Raise(results(), got)
	require.NoError(t, floor.Check(results(), raised))
	worse := results()
	worse.Suites[0].Methods[0].Top1 -= 0.11 // more than two incidents of 20
	require.ErrorContains(t, floor.Check(worse, raised), "mesh ours top1")
	assert.Empty(t, floor.Cover(nil, "ours", nil))
}

func TestFile_roundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "floors.json")
	floors := floor.Raise(results(), floor.Cover(results(), "ours", nil))
	require.NoError(t, floor.Write(path, floors))
	got, err := floor.Read(path)
	require.NoError(t, err)
	assert.Equal(t, floors, got)

	require.NoError(t, floor.Write(path, []floor.Floor{
		{Suite: "b", Method: "m", Figure: "wrong", Max: of(0.25)},
		{Suite: "a", Method: "m", Figure: "exact", Min: of(0)},
	}))
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, []string{
		`[`,
		`  {"suite":"a","method":"m","figure":"exact","min":0},`,
		`  {"suite":"b","method":"m","figure":"wrong","max":0.25}`,
		`]`,
		``,
	}, strings.Split(string(b), "\n"))
}

func TestRead_refuses(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"no JSON":           {`floors`, "invalid"},
		"unknown field":     {`[{"suite":"s","method":"m","figure":"exact","min":0,"mim":1}]`, "mim"},
		"two values":        {`[{"suite":"s","method":"m","figure":"exact","min":0}] []`, "more than one"},
		"nothing":           {`[]`, "no floors"},
		"null":              {`null`, "no floors"},
		"unknown figure":    {`[{"suite":"s","method":"m","figure":"top2","min":0}]`, "no figure"},
		"figure of no one":  {`[{"suite":"s","figure":"exact","min":0}]`, "no figure"},
		"no bound":          {`[{"suite":"s","method":"m","figure":"exact"}]`, "neither"},
		"ceiling of exact":  {`[{"suite":"s","method":"m","figure":"exact","max":1}]`, "no max"},
		"floor of wrong":    {`[{"suite":"s","method":"m","figure":"wrong","min":0}]`, "no min"},
		"share in per cent": {`[{"suite":"s","method":"m","figure":"exact","min":95}]`, "shares are from 0 to 1"},
		"negative":          {`[{"suite":"s","figure":"false_incidents","max":-1}]`, "nothing is negative"},
		"twice":             {`[{"suite":"s","method":"m","figure":"exact","min":0},{"suite":"s","method":"m","figure":"exact","min":1}]`, "two floors"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "floors.json")
			require.NoError(t, os.WriteFile(path, []byte(c.in), 0o600))
			_, err := floor.Read(path)
			require.ErrorContains(t, err, c.want)
		})
	}
	_, err := floor.Read(filepath.Join(t.TempDir(), "absent.json"))
	require.ErrorIs(t, err, os.ErrNotExist)
	require.Error(t, floor.Write(filepath.Join(t.TempDir(), "floors.json"), nil))
}

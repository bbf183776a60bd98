package main

import (
	"cmp"
	"errors"
	"slices"
	"time"
)

// stepCost is what a step took, in ms.
type stepCost struct {
	Wall float64 `json:"wall_ms"`
	CPU  float64 `json:"cpu_ms"`
}

// turnOf takes steps for so long and returns the lower quartile of the cost of one.
type turnOf func(time.Duration) (stepCost, error)

// stepTurn is long enough for some steps of the slowest, and short enough for turns to
// see the same machine.
const stepTurn = time.Second / 2

// alternate has contenders take turns, and returns the lower quartile of each.
func alternate(rounds int, turns ...turnOf) ([]stepCost, error) {
	costs := make([][]stepCost, len(turns))
	for round := range rounds + 1 {
		for k, turn := range turns {
			c, err := turn(stepTurn)
			if err != nil {
				return nil, err
			}
			if round > 0 { // the first fills caches
				costs[k] = append(costs[k], c)
			}
		}
	}
	out := make([]stepCost, len(turns))
	for k, of := range costs {
		out[k] = lowerQuartile(of)
	}
	return out, nil
}

// lowerQuartile returns that of each part of costs on its own.
func lowerQuartile(of []stepCost) stepCost {
	by := func(value func(stepCost) float64) float64 {
		return value(slices.SortedFunc(slices.Values(of), func(a, b stepCost) int { return cmp.Compare(value(a), value(b)) })[len(of)/4])
	}
	return stepCost{by(func(c stepCost) float64 { return c.Wall }), by(func(c stepCost) float64 { return c.CPU })}
}

// time takes steps of a training for so long.
func (l *lockstep) time(length time.Duration) (stepCost, error) {
	var costs []stepCost
	for end := time.Now().Add(length); len(costs) == 0 || time.Now().Before(end); {
		before, began := cpuTime(), time.Now()
		if _, ok := l.Step(l.task.Windows[len(costs)%len(l.task.Windows)]); !ok {
			return stepCost{}, errOverflow
		}
		costs = append(costs, stepCost{time.Since(began).Seconds() * 1e3, (cpuTime() - before).Seconds() * 1e3})
	}
	return lowerQuartile(costs), nil
}

var errOverflow = errors.New("numbers overflow")

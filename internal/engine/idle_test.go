package engine

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/slo"
)

func TestIdleObjectives(t *testing.T) {
	o := slo.Objective{Name: "buy", Service: identity.Service{Namespace: "shop", Name: "front"}, Operation: "POST /buy"}
	few := slo.Idle{Objective: o, Matched: true, Requests: 30, Seen: 0.3}
	for want, of := range map[string][]slo.Idle{
		"": nil,
		"SLO buy is hardly ever judged: 0.3 requests seen in a window, ten windows are judged together at most, and rule.min_requests is 20: set window to 3m30s, or rule.min_requests lower":                                                                                                    {few},
		`SLO buy is not judged: no operation of shop/front matches "POST /buy", it serves such as "GET /buy", "GET /"`:                                                                                                                                                                           {{Objective: o, Served: []string{"GET /buy", "GET /"}}},
		"SLO buy is not judged: shop/front serves nothing, is it the service.name of spans?":                                                                                                                                                                                                     {{Objective: o}},
		"SLO buy is not judged: shop/front serves nothing, is it the service.name of spans?; SLO buy is not judged: shop/front serves nothing, is it the service.name of spans?; SLO buy is not judged: shop/front serves nothing, is it the service.name of spans?; 2 more SLOs are not judged": {{Objective: o}, {Objective: o}, {Objective: o}, few, few},
	} {
		assert.Equal(t, want, idleObjectives(of, 20, 30*time.Second))
	}
	assert.Equal(t, "a; b", joined("a", "b"))
	assert.Equal(t, "b", joined("", "b"))
}

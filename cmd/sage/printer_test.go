package main

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/eventlog"
)

func TestCause(t *testing.T) {
	for want, in := range map[string]eventlog.Incident{
		"mysql (dependency): latent, no monitored resource explains it": {Culprit: "mysql", Kind: "dependency", Mechanism: "latent"},
		"cart: latent, no resource of it is monitored":                  {Culprit: "cart", Kind: "service", Mechanism: "latent", Unmonitored: true},
		"cart (host node-7): cpu [host.cpu.usage]":                      {Culprit: "cart", Kind: "host", Host: "node-7", Mechanism: "cpu", Metric: "host.cpu.usage"},
		"cart: cpu [CpuUsage(m)]":                                       {Culprit: "cart", Mechanism: "cpu", Metric: "CpuUsage(m)"},
	} {
		assert.Equal(t, want, cause(in))
	}
}

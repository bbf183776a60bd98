package report

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/rca"
)

func TestPhrase(t *testing.T) {
	for want, c := range map[string]rca.Cause{
		"cart, slow itself":                              {Mechanism: rca.Latent},
		"cart, calls one after another":                  {Mechanism: rca.Latent, Metric: rca.OverlapMetric},
		"cart, calls one after another since its deploy": {Mechanism: rca.Change, Metric: rca.OverlapMetric},
		"cart, since its deploy":                         {Mechanism: rca.Change},
		"cart, waiting for a pool":                       {Mechanism: rca.Pool, Metric: rca.OverlapMetric},
		"cart, more calls per request":                   {Mechanism: rca.Retry, Metric: rca.CallsMetric},
		"cart, more cache misses":                        {Mechanism: rca.Latent, Metric: rca.MissMetric},
		"cart, more calls per request since its deploy":  {Mechanism: rca.Change, Metric: rca.CallsMetric},
		"cart CPU": {Mechanism: rca.CPU, Metric: "process.cpu.utilization"},
	} {
		c.Kind, c.Service = rca.KindService, identity.Service{Name: "cart"}
		assert.Equal(t, want, phrase(&c))
	}
}

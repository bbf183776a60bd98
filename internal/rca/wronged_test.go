package rca

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Requests of mid fail, and of front with them; nothing fails that mid calls.
func TestDiagnose_wronged(t *testing.T) {
	fails := map[string]float64{"front": 0.1, "mid": 0.1}
	for name, c := range map[string]struct {
		cpu  map[string]float64
		load float64
		want string
	}{
		"nothing else is unusual":                  {nil, 0, "mid"},
		"who is asked works more for it":           {map[string]float64{"back": 0.9}, 0, "back"},
		"less than twice as much":                  {map[string]float64{"back": 0.75}, 0, "mid"},
		"as much, of half the requests":            {map[string]float64{"back": 0.4}, 10, "mid"}, // what it does anyway
		"as there are more requests":               {map[string]float64{"back": 0.9}, 40, "mid"},
		"who fails works more as well":             {map[string]float64{"back": 0.9, "mid": 0.9}, 0, "mid"},
		"who asks, and is asked by nobody that is": {map[string]float64{"front": 0.9}, 0, "mid"},
	} {
		t.Run(name, func(t *testing.T) {
			in, rec := failed(chain(), failures{served: fails, cpu: c.cpu, load: c.load})
			v := diagnose(in, Config{}.withDefaults(), rec, nil)
			require.False(t, v.Abstained, v.Reason)
			require.Len(t, v.Culprits, 1)
			got := v.Culprits[0]
			assert.Equal(t, svc(c.want), got.Service)
			if c.want != "back" {
				assert.Equal(t, ErrorRate, got.Mechanism)
				return
			}
			assert.Equal(t, CPU, got.Mechanism)
			assert.Contains(t, got.Evidence, "mid fails by itself, or by what it is answered: back takes 2.2 times as much CPU for each request as usual")
			assert.Less(t, got.Probability, 0.9, "mid may fail by itself")
		})
	}
}

package rca

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// publishing is front, which writes to two topics of a broker, and asks back over the second
// one; what others write to a third one is none of its business.
func publishing(system string) *world {
	w := newWorld().serve("audit", 0.010, 1).serve("back", 0.020, 1).serve("front", 0.005, 1)
	return w.query("front", system+":orders", 1, 0.004).query("front", system+":prices", 1, 0.004).
		call("front", "back", 1, 0.002).query("audit", system+":log", 1, 0.004)
}

func TestDiagnose_broker(t *testing.T) {
	for name, c := range map[string]struct {
		system string
		slow   []string // topics that take 80 ms more
		want   []string
	}{
		"all topics":                     {"kafka", []string{"orders", "prices", "log"}, []string{"dependency kafka"}},
		"another topic is as usual":      {"kafka", []string{"orders", "prices"}, []string{"service front"}},
		"one topic":                      {"kafka", []string{"orders"}, []string{"dependency kafka:orders"}},
		"databases may have hosts each":  {"postgresql", []string{"orders", "prices", "log"}, []string{"service front"}},
		"what the entry does not use is": {"kafka", []string{"orders", "log"}, []string{"dependency kafka:orders"}},
	} {
		t.Run(name, func(t *testing.T) {
			in, rec := incident(publishing(c.system), func(*world) {})
			for _, topic := range c.slow {
				caller := "front"
				if topic == "log" {
					caller = "audit"
				}
				rec.later(0, 0.080, client(caller, c.system+":"+topic), served(caller))
			}
			v := diagnose(in, Config{}.withDefaults(), rec, nil)
			require.False(t, v.Abstained, v.Reason)
			assert.ElementsMatch(t, c.want, kindsOf(v))
			want := Latent
			if c.want[0] == "service front" { // all that it sends to leaves is late
				want = Network
			}
			assert.Equal(t, want, v.Culprits[0].Mechanism)
			if len(c.want) == 1 && c.want[0] == "dependency kafka" {
				assert.Equal(t, "all of kafka:log, kafka:orders, kafka:prices slower", v.Culprits[0].Evidence[0])
			}
			sound(t, v)
		})
	}
}

// What waits in the queue for the consumer to reply waits for the broker; a call of the
// same service that is no message does not.
func TestDiagnose_brokerOfReplies(t *testing.T) {
	for _, message := range []bool{true, false} {
		in, rec := incident(publishing("kafka"), func(*world) {})
		rec.later(0, 0.080, client("front", "kafka:orders"), client("front", "kafka:prices"), client("audit", "kafka:log"), served("audit"), gap("front", "back"), client("front", "back"))
		rec.later(0, 0.240, served("front"))
		in.Snapshot.RPCs = []window.RPC{{Key: op("back"), Count: 400, Async: message}, {Key: op("front"), Count: 400}}
		v := diagnose(in, Config{}.withDefaults(), rec, nil)
		require.False(t, v.Abstained, v.Reason)
		want := "dependency kafka"
		if !message {
			want = "service front" // all that it sends is late
		}
		assert.Equal(t, []string{want}, kindsOf(v))
		sound(t, v)
	}
}

func TestBrokerOf(t *testing.T) {
	for name, want := range map[string]string{"kafka:orders": "kafka", "kafka": "kafka", "postgresql:orders": "", "mail.example.net": "", "kafka.internal": "", "": ""} {
		assert.Equal(t, want, brokerOf(identity.Service{Name: name}), name)
	}
}

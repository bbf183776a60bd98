package rca

import (
	"slices"
	"strings"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/identity"
)

// brokerSystems are the values of messaging.system of the OpenTelemetry semantic
// conventions, and one more: what a leaf that is a topic of a broker begins with.
var brokerSystems = [...]string{
	"activemq", "aws.sns", "aws_sqs", "eventgrid", "eventhubs", "gcp_pubsub", "jms", "kafka", "nats", "pulsar", "rabbitmq", "rocketmq", "servicebus",
}

// brokerOf returns the messaging system of which a service without spans is a topic, ""
// where it is none.
func brokerOf(s identity.Service) string {
	system, _, _ := strings.Cut(s.Name, ":")
	if slices.Contains(brokerSystems[:], system) {
		return system
	}
	return ""
}

// brokers makes one of topics that are slower because their broker is: all topics of it
// that are written to now are, at least two, whoever writes to them. What waits in a queue
// for the consumer to reply waits for the broker too. The topic with the largest excess
// stays who is judged; it is named by its broker.
// See docs/math.md, 19.
func brokers(r *reach, by []suspect, of symptoms) {
	first := make(map[string]int)
	for c, k := range r.g.Channels {
		if k.IsNetwork() || !r.g.Leaves[k.Service] || by[c].excess <= 0 {
			continue
		}
		system := brokerOf(k.Service)
		topics := of.slowTopics(system)
		if len(topics) < 2 {
			continue
		}
		to, ok := first[system]
		switch {
		case !ok:
			to = c
		case by[c].excess > by[to].excess:
			by[c].take(&by[to])
			to = c
		default:
			by[to].take(&by[c])
		}
		first[system] = to
		by[to].at = &place{broker: system, text: "all of " + strings.Join(topics[:min(len(topics), maxNames)], ", ") + " slower"}
	}
	for _, p := range r.rpcs {
		for _, c := range p.calls {
			to, ok := first[brokerOf(c.edge.Callee.Service)]
			if !ok || !c.leaf {
				continue
			}
			for _, x := range p.calls {
				if n := r.g.NetworkChannel(x.edge); n >= 0 && by[n].excess > 0 && of.replies(x.edge) {
					for i := range by[n].parts { // no longer the link's
						q := &by[n].parts[i]
						q.kind, q.mechanism, q.metric = KindDependency, Latent, ""
					}
					by[to].take(&by[n])
				}
			}
		}
	}
}

// maxNames bounds the topics, or neighbours, that evidence names.
const maxNames = 4

// slowTopics returns the topics of a broker that take longer to write to than usual, by name;
// none where another one does not.
func (d *diagnosis) slowTopics(system string) []string {
	if system == "" {
		return nil
	}
	var out []string
	for _, n := range d.r.g.Nodes {
		s := n.Edge.Callee.Service
		if n.Class != cbn.ClientNode || !d.r.g.Leaves[s] || brokerOf(s) != system {
			continue
		}
		x := d.v.latency(n)
		if x.known && !x.moved[0] {
			return nil
		}
		if x.known && !slices.Contains(out, s.Name) {
			out = append(out, s.Name)
		}
	}
	slices.Sort(out)
	return out
}

// replies reports whether calls along an edge are messages of which the reply is waited for.
func (d *diagnosis) replies(e identity.Edge) bool {
	x := d.v.served[e.Callee]
	return x != nil && x.Async
}

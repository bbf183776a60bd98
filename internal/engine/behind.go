package engine

import (
	"slices"
	"strings"
	"time"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/change"
	"github.com/sage-rca/sage/internal/identity"
)

// behind returns the services of which the model in use does not know what there is to
// know, sorted: those of nodes that only one of its graph and the present one has, and
// of those that behave otherwise.
func (t *training) behind() []identity.Service {
	var nodes []cbn.Node
	if d := &t.differs; d.matters() {
		nodes = append(lacking(d.graph, d.model), lacking(d.model, d.graph)...)
	}
	for _, d := range t.behaviour.drifts {
		nodes = append(nodes, d.Node)
	}
	out := make([]identity.Service, 0, len(nodes))
	for _, n := range nodes {
		out = append(out, n.Edge.Callee.Service)
	}
	slices.SortFunc(out, identity.Service.Compare)
	return slices.Compact(out)
}

// maxDeploys bounds the deploys that explain a stale model.
const maxDeploys = 2

// deploys names versions that services run since the model was trained, such as
// "payment runs 2.3.1 since 12:03:00Z", empty where none does.
func (r *run) deploys(services []identity.Service, now int64) string {
	if r.ledger == nil || r.training.model == nil {
		return ""
	}
	var out []string
	for _, c := range r.ledger.Between(services, time.Unix(0, r.training.model.at), time.Unix(0, now)) {
		if c.Kind == change.Version && len(out) < maxDeploys {
			out = append(out, c.Service.String()+" runs "+c.New+" since "+c.Since.UTC().Format(time.TimeOnly)+"Z")
		}
	}
	return strings.Join(out, ", ")
}

func serviceNames(services []identity.Service) []string {
	out := make([]string, len(services))
	for i, s := range services {
		out[i] = s.String()
	}
	return out
}

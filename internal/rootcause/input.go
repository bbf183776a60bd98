package rootcause

import (
	"fmt"
	"slices"
	"time"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/ingest"
	"github.com/sage-rca/sage/internal/longpoll"
	"github.com/sage-rca/sage/internal/sampling"
	"github.com/sage-rca/sage/internal/slo"
)

// Input says of the data what the engine cannot see for itself, or sees wrongly.
type Input struct {
	// Backfill uses what is older than the Collector as well: for a capture that is
	// replayed. Otherwise what began before the Collector did is not used: it was seen
	// in part, and what opens from it would be about what was not seen.
	Backfill bool `mapstructure:"backfill"`
	// Sampling says how spans were chosen: auto, the default, finds it out; none, head
	// and tail are as one knows.
	Sampling string `mapstructure:"sampling"`
	// Waiting are operations whose requests wait rather than work, such as long polls:
	// how long they take says nothing.
	Waiting []Operations `mapstructure:"waiting"`
	// Working are operations whose requests work, whatever they look like.
	Working []Operations `mapstructure:"working"`
}

// Operations are those of which both match.
type Operations struct {
	// Service is a glob of service.name, or of service.namespace/service.name.
	Service string `mapstructure:"service"`
	// Operation is a glob of operations: * matches any run of characters, ? any one.
	Operation string `mapstructure:"operation"`
}

// samplings are the values of input.sampling.
var samplings = map[string]sampling.State{
	"": "", "auto": "", "none": sampling.None, "head": sampling.HeadCorrected, "tail": sampling.TailBiased,
}

// maxPatterns bounds each list of operations.
const maxPatterns = 100

func (i *Input) validate(p *problems) {
	if _, ok := samplings[i.Sampling]; !ok {
		p.add("input.sampling", "must be auto, none, head or tail (got %q)", i.Sampling)
	}
	i.validateOperations(p, "input.waiting", i.Waiting)
	i.validateOperations(p, "input.working", i.Working)
}

func (i *Input) validateOperations(p *problems, setting string, list []Operations) {
	if len(list) > maxPatterns {
		p.add(setting, "must have at most %d entries (got %d)", maxPatterns, len(list))
	}
	for k, o := range list {
		if o.Service == "" || o.Operation == "" {
			p.add(fmt.Sprintf("%s[%d]", setting, k), "needs a service and an operation")
		}
	}
}

// since returns the time before which nothing is used by an engine that starts now.
func (i *Input) since(now time.Time) time.Time {
	if i.Backfill {
		return time.Time{}
	}
	return now
}

// told returns what the user says of operations.
func (i *Input) told() ingest.Told {
	return ingest.Told{Works: matching(i.Working), Waits: matching(i.Waiting)}
}

// longPolls returns how operations that wait are found.
func (c *Config) longPolls() longpoll.Config {
	return longpoll.Config{
		Works: matching(c.Input.Working), Forget: forgetAfter,
		MaxOperations: min(c.Limits.Services*c.Limits.OperationsPerService, maxPolled),
	}
}

// maxPolled bounds the operations of which it is found out whether they wait.
const maxPolled = 1 << 14

// matching returns what reports whether an operation is one of list, nil where none is.
func matching(list []Operations) func(identity.RPC) bool {
	if len(list) == 0 {
		return nil
	}
	list = slices.Clone(list)
	return func(r identity.RPC) bool {
		return slices.ContainsFunc(list, func(o Operations) bool {
			return (slo.Match(o.Service, r.Service.Name) || slo.Match(o.Service, r.Service.String())) && slo.Match(o.Operation, r.Operation)
		})
	}
}

package rootcause

import (
	"go.uber.org/zap"

	"github.com/sage-rca/sage/internal/engine"
	"github.com/sage-rca/sage/internal/longpoll"
	"github.com/sage-rca/sage/internal/sampling"
)

var _ engine.SiftObserver = observer{}

// Waits implements engine.SiftObserver.
func (o observer) Waits(f longpoll.Found) {
	o.log.Info("the requests of an operation wait rather than work: how long they take is not judged. Where that is wrong, add it to input.working",
		zap.String("service", f.RPC.Service.String()), zap.String("operation", f.RPC.Operation), zap.Duration("after", f.Wall))
}

// Sampled implements engine.SiftObserver.
func (o observer) Sampled(s sampling.State) {
	if s != sampling.TailBiased {
		o.log.Info("how spans are sampled", zap.String("sampling", string(s)))
		return
	}
	o.log.Warn("spans are tail-sampled before they come here: configured objectives are not judged and there are no what-if numbers. " +
		"Put rootcause before tail_sampling; where all spans do come here, set input.sampling to none")
}

package main

import (
	"math/rand/v2"

	"github.com/sage-rca/sage/internal/gvae"
)

// lockstep is a training of which some steps are taken here, and all is noted that
// somebody else needs to take the same ones.
type lockstep struct {
	*gvae.Stepper
	data   gvae.Data
	model  []byte // before the first step, as it is stored
	task   torchTask
	noise  []float64 // of all steps
	losses []float64 // of each
}

// newLockstep takes so many steps of a batch each.
func newLockstep(spec gvae.Spec, data gvae.Data, cfg gvae.Config, steps int) (*lockstep, error) {
	s, err := gvae.NewStepper(spec, data, cfg)
	if err != nil {
		return nil, err
	}
	start, err := s.Model()
	if err != nil {
		return nil, err
	}
	l := &lockstep{Stepper: s, data: data, task: torchTask{N: data.N}}
	if l.model, err = start.MarshalBinary(); err != nil {
		return nil, err
	}
	r := rand.New(rand.NewPCG(3, 3))
	for range steps {
		windows := r.Perm(data.N)[:cfg.Batch]
		loss, ok := s.Step(windows)
		if !ok {
			return nil, errOverflow
		}
		l.task.Windows = append(l.task.Windows, windows)
		l.losses, l.noise = append(l.losses, loss), append(l.noise, s.Noise()...)
	}
	return l, nil
}

// differs has PyTorch take the steps in one of its ways, and returns the largest
// relative difference of losses, and an error where float32 does not explain it.
func (l *lockstep) differs(t *torch, way string) (float64, error) {
	var theirs []float64
	if err := t.say(&theirs, "losses %s", way); err != nil {
		return 0, err
	}
	return difference(l.losses, theirs)
}

package gvae

import (
	"runtime"
	"time"

	"github.com/sage-rca/sage/internal/nn"
)

// halves is into how many parts a batch is split. They are computed beside each other
// where there are cores for it, and added in order: results do not depend on how many
// there are.
const halves = 2

// leastWork is how many products of parameters and windows are worth a goroutine: waking
// one takes some ten microseconds, in which a core does about as much.
const leastWork = 1 << 20

// job is a part of a batch: of the loss over so many windows, or of its gradient too.
type job[F nn.Float] struct {
	data      *prepared[F]
	objective *objective
	theta     []F
	windows   []int
	of        int
	learn     bool
}

// half computes one of the parts of batches. It owns its memory.
type half[F nn.Float] struct {
	pass      *pass[F]
	gradients *gradients[F]
	noise     nn.Noise // of steps
	held      nn.Noise // of held-out windows, as it is at their first
	again     nn.Noise // a copy of that

	job  job[F]
	loss float64
	busy time.Duration
}

// work does the job.
func (h *half[F]) work() {
	began := time.Now()
	j := &h.job
	h.loss = 0
	h.pass.set(j.theta)
	h.again = h.held
	noise := &h.again
	if j.learn {
		noise = &h.noise
		clear(h.gradients.parameters)
	}
	for at := 0; at < len(j.windows); at += h.pass.size {
		h.pass.load(j.data, j.windows[at:min(at+h.pass.size, len(j.windows))])
		nn.Normals(h.pass.noise(), noise)
		h.loss += h.pass.forward(j.objective, h.gradients, j.of, j.learn)
		if j.learn {
			h.pass.backward(j.objective, h.gradients, j.of)
		}
	}
	h.busy = time.Since(began)
}

// team is both halves at work.
type team[F nn.Float] struct {
	halves [halves]*half[F]
	second func()   // work of the second
	done   chan any // its panic, nil: none
}

// newTeam returns a team for batches of at most size windows.
func newTeam[F nn.Float](a *architecture, scale *Scale, size int, seed uint64) *team[F] {
	t := &team[F]{done: make(chan any, 1)}
	size = min(chunk, (size+1)/halves)
	for i := range t.halves {
		p := newPass[F](a, scale, size, a.keeps(size))
		t.halves[i] = &half[F]{
			pass: p, gradients: newGradients(p),
			noise: nn.NewNoise(seed, uint64(streamNoise<<8|i)), held: nn.NewNoise(seed, uint64(streamHeldOut<<8|i)),
		}
	}
	// One closure, made here, so that steps allocate nothing.
	t.second = func() {
		defer func() { t.done <- recover() }()
		t.halves[1].work()
	}
	return t
}

// share is how many windows of a batch are the part of a half.
func share(windows, half int) int { return (windows + 1 - half) / halves }

// run does a job, and leaves the gradient in that of the first half. It returns the loss
// and the time that both halves took together.
func (t *team[F]) run(j job[F]) (loss float64, busy time.Duration) {
	a, b := t.halves[0], t.halves[1]
	a.job, b.job = j, j
	cut := share(len(j.windows), 0)
	a.job.windows, b.job.windows = j.windows[:cut], j.windows[cut:]
	// On one core both would run by turns, and the time of each would be that of both.
	if len(j.windows)*len(j.theta) >= leastWork && runtime.GOMAXPROCS(0) > 1 {
		t.beside()
	} else {
		a.work()
		b.work()
	}
	if j.learn {
		nn.Add(a.gradients.parameters, b.gradients.parameters)
	}
	return a.loss + b.loss, a.busy + b.busy
}

// beside does both halves at once, and returns when both have ended. A panic of either
// is one of the caller's.
func (t *team[F]) beside() {
	go t.second()
	defer func() {
		if p := <-t.done; p != nil {
			panic(p)
		}
	}()
	t.halves[0].work()
}

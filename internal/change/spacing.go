package change

import "slices"

// spacing sees to it that hosts, which where they come and go are others each time, are
// said ever less often. Whatever comes too soon after what was said is held, and said
// as one. How soon is too soon doubles each time, from Config.GoneAfter windows up to
// Config.ForgetAfter; once nothing was said for twice as long, and for a quarter of
// Config.ForgetAfter, it begins anew. Its fields are persisted.
type spacing struct {
	Since int // windows since something was said
	Wait  int // windows that are too soon; 0: nothing was said yet
	Held  Change
}

// admit takes in what a window would say, nothing where its count is 0, and returns
// what is said after it, and whether that is now rather than later.
func (s *spacing) admit(c Change, cfg Config) (say Change, now bool) {
	s.Since++
	s.hold(c)
	if s.Held.Count == 0 || s.Since < s.Wait {
		return Change{}, false
	}
	if s.Since >= max(2*s.Wait, cfg.ForgetAfter/4) {
		s.Wait = 0
	}
	s.Wait = min(max(cfg.GoneAfter, 2*s.Wait), cfg.ForgetAfter)
	say = s.Held
	s.Since, s.Held = 0, Change{}
	return say, true
}

// hold adds a change to what is held.
func (s *spacing) hold(c Change) {
	h := &s.Held
	if c.Count == 0 {
		return
	}
	if h.Count == 0 {
		*h = c
		return
	}
	if c.Since.Before(h.Since) {
		h.Since = c.Since
	}
	hosts := slices.Concat(h.Hosts, c.Hosts)
	slices.Sort(hosts)
	hosts = slices.Compact(hosts)
	if h.Count == len(h.Hosts) && c.Count == len(c.Hosts) {
		h.Count = len(hosts) // one that came twice is one
	} else {
		h.Count += c.Count
	}
	h.Back = h.Back && c.Back
	h.Hosts = hosts[:min(len(hosts), maxNamed)]
	h.Services = distinct(slices.Concat(h.Services, c.Services))
}

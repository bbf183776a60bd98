package change

// presence is what is known of when something is seen. Its fields are persisted.
type presence struct {
	First  int64 // start of the window in which it was seen first, since it was last gone
	Last   int64 // start of the window in which it was seen last
	Seen   int   // windows in which it was seen since First
	Silent int   // windows in a row, of those that count, in which it was not
	Gap    int   // longest silence from which it came back
	There  bool  // seen often enough, and not gone
	Said   bool  // readers take it to be there
	Before bool  // it was there before First
	Alone  bool  // a version of which, since First, a window has shown no other
}

// happening is what a window means for a presence.
type happening uint8

const (
	nothing happening = iota
	appeared
	vanished
	faded // gone for so long that it is not worth remembering
)

// settle takes in a window in which nothing is news.
func (p *presence) settle(seen bool, at int64) {
	if !seen {
		p.Silent++
		return
	}
	p.see(at)
	p.There, p.Said = true, true
}

func (p *presence) see(at int64) {
	if p.Seen == 0 {
		p.First = at
	}
	p.Gap = max(p.Gap, p.Silent)
	p.Seen, p.Silent, p.Last = p.Seen+1, 0, at
}

// step takes in a window that counts. What is new appears when it was seen in confirm
// windows without a silence of cfg.GoneAfter in between. It is gone after so many
// windows of silence, and no sooner than after twice its longest silence so far; that
// is worth saying of what was seen in as many windows before, and of a version that had taken the
// place of all others, however short that was.
func (p *presence) step(seen bool, at int64, cfg Config, confirm int) happening {
	if !seen {
		return p.silent(cfg)
	}
	p.see(at)
	if p.There || p.Seen < confirm {
		return nothing
	}
	p.There = true
	if p.Said {
		return nothing
	}
	p.Said = true
	return appeared
}

func (p *presence) silent(cfg Config) happening {
	p.Silent++
	switch {
	case p.There && p.Silent >= max(cfg.GoneAfter, 2*p.Gap+1):
		usual := p.Alone || p.Seen >= cfg.GoneAfter
		p.There, p.Before, p.Alone, p.Seen = false, true, false, 0
		if usual {
			p.Said = false
			return vanished
		}
	case !p.There && p.Silent >= cfg.ForgetAfter:
		return faded
	case !p.There && p.Silent >= cfg.GoneAfter:
		p.Seen = 0
	}
	return nothing
}

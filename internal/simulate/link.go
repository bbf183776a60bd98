package simulate

import "time"

const (
	// sameHost is the delay between two containers of a host, as a share of that
	// between hosts.
	sameHost = 0.1
	// maxLosses bounds how often one message is lost: 200 ms doubled ten times are
	// more than three minutes.
	maxLosses = 10
	// lossesReply sets the draws of a reply's losses apart from the request's.
	lossesReply = maxLosses
)

// travel sends a message and returns how long it is on its way. Each loss costs a
// retransmission timeout, which doubles (RFC 6298, 5.5). purpose is forRequest or
// forReply.
func (s *sim) travel(from, to *replica, key stream, purpose uint64, mib float64) time.Duration {
	m := s.model
	delay := m.link.draw(key, purpose)
	if from.host == to.host {
		delay *= sameHost
	}
	delay += m.perMB * mib
	from.sent += mib
	to.received += mib
	sender := &s.services[from.service]
	t := time.Duration(delay) + sender.delay
	if p := 1 - (1-m.loss)*(1-sender.loss); p > 0 {
		first := uint64(forLoss)
		if purpose == forReply {
			first += lossesReply
		}
		rto := m.rto
		for i := uint64(0); i < maxLosses && key.uniform(first+i) < p; i++ {
			t += rto
			rto *= 2
			from.retransmits++
		}
	}
	return t
}

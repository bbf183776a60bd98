package method

import (
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/rca"
)

// Method answers violated windows. Diagnose is a pure function of its argument
// and of the method's configuration, and safe for concurrent use.
type Method interface {
	Name() string
	Diagnose(in rca.Input) Answer
}

// Answer is a method's answer to one violated window.
type Answer struct {
	// Culprits are what the method blames: the set that it would report. Empty
	// where it abstains.
	Culprits []Candidate
	// Ranking are all that it considers, the likeliest first, Culprits in front.
	Ranking []Candidate
	// Quantile, Lower, Upper: the entry's tail in seconds had the culprits been
	// normal, with a 90 % interval; NaN where the method cannot say.
	Quantile, Lower, Upper float64
	Reason                 string // why it abstained
}

// Candidate is one service that may be to blame.
type Candidate struct {
	Service   identity.Service
	Instance  string        // where one replica is blamed
	Mechanism rca.Mechanism // "" where the method does not say
	// Score orders a ranking; larger is likelier. Scores of different methods are
	// not comparable.
	Score float64
	// Probability as stated by the method, 0 where it states none.
	Probability float64
}

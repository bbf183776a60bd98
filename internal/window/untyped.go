package window

import "math"

// course is how the values of an Untyped stream went: how often they changed, and fell.
//
// A counter falls where its process begins anew, and else never; a level falls about as
// often as it rises, but for a while in which it goes one way. So a stream is a level where
// at least an eighth of all its changes were falls. Of a few changes that may be wrong either
// way, for a level that happened to rise and a counter that began anew: what is normal is a
// median, which a few windows do not move.
type course struct{ changes, falls uint16 }

// maxChanges bounds the changes that are remembered: then both numbers are halved.
const maxChanges = 1 << 15

// levelShare is the number of changes to a fall from which on there are too few for a level.
const levelShare = 8

// note takes in that a value followed another.
func (c *course) note(last, value float64) {
	if value == last {
		return
	}
	if c.changes == maxChanges {
		c.changes, c.falls = c.changes/2, c.falls/2
	}
	c.changes++
	if value < last {
		c.falls++
	}
}

func (c *course) isLevel() bool { return c.falls > 0 && levelShare*int(c.falls) >= int(c.changes) }

// value is what a stream says in the window of its first reading, NaN where that is nothing:
// of an Untyped one of which there was one point, and none before.
func (s *stream) value() float64 {
	r := &s.readings[0]
	if s.last.kind == Untyped && s.course.isLevel() {
		return r.level / r.points
	}
	if r.weight == 0 {
		return math.NaN()
	}
	return r.value / r.weight
}

package labels

import "time"

// File is the ground truth of one capture.
type File struct {
	Application string `json:"application"`
	// Entry is nil where the file does not say what is watched.
	Entry *Entry `json:"entry,omitempty"`
	// WindowS is the length in seconds of the windows that the threshold is for, 0
	// where the file does not say.
	WindowS   float64    `json:"window_s,omitempty"`
	Incidents []Incident `json:"incidents"`
}

// Entry is what is watched, and the objective.
type Entry struct {
	Service    string  `json:"service"`
	Operation  string  `json:"operation"`
	Quantile   float64 `json:"quantile"`
	ThresholdS float64 `json:"threshold_s"` // seconds
}

// Incident is something that was done to the application in [Start, End).
type Incident struct {
	Fault    string    `json:"fault"`
	Start    time.Time `json:"start"`
	End      time.Time `json:"end"`
	Decoy    bool      `json:"decoy"` // nothing should be raised
	Culprits []Culprit `json:"culprits,omitempty"`
}

// Culprit is one service that a verdict should name.
type Culprit struct {
	Service   string   `json:"service"`
	Also      []string `json:"also,omitempty"`
	Instance  string   `json:"instance,omitempty"`
	Mechanism string   `json:"mechanism,omitempty"`
}

// Window returns the length of windows, 0 where the file does not say.
func (f *File) Window() time.Duration {
	return time.Duration(f.WindowS * float64(time.Second)).Round(time.Nanosecond)
}

// Names reports whether service is the culprit or as right.
func (c *Culprit) Names(service string) bool {
	if service == c.Service {
		return true
	}
	for _, s := range c.Also {
		if s == service {
			return true
		}
	}
	return false
}

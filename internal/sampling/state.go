package sampling

// State is how spans were chosen (attribute rca.data.sampling).
type State string

// The states.
const (
	None          State = "none"           // all, or a share of which nothing is known
	HeadCorrected State = "head_corrected" // a fair share, with weights
	TailBiased    State = "tail_biased"    // rather the slow and the failed
)

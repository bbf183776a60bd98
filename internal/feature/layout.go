package feature

import (
	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/gvae"
)

// Layout binds the numbers of a model to keys: column i of X is XKeys[i], node n
// of the model is Graph.Nodes[n], latent l is Graph.Channels[l].
type Layout struct {
	Graph *cbn.Graph
	XKeys []Key
	Spec  gvae.Spec
	// XOf holds for each channel its own columns of X.
	XOf [][]int
}

//go:build !noasm

package nn

//go:generate go run -C gen .

import "golang.org/x/sys/cpu"

// detect returns the kernels of kernels_amd64.s where the processor and the system
// support AVX2, FMA and POPCNT.
func detect() *vectors {
	if !cpu.X86.HasAVX2 || !cpu.X86.HasFMA || !cpu.X86.HasPOPCNT {
		return nil
	}
	return &vectors{
		dense: denseAVX2, weights: weightsAVX2, rowSums: rowSumsAVX2,
		clamp: clampAVX2, clampRest: clampRestAVX2, addInside: addInsideAVX2,
		add: addAVX2, fill: fillAVX2, absSum: absSumAVX2, huber: huberAVX2,
		softplus: softplusAVX2, softplusBackward: softplusBackwardAVX2,
		sample: sampleAVX2, sampleBackward: sampleBackwardAVX2, kl: klAVX2, klBackward: klBackwardAVX2,
		expTerm: expTermAVX2, addLog: addLogAVX2, ratio: ratioAVX2, dot: dotAVX2, addProduct: addProductAVX2,
		adam: adamAVX2, noise: noiseAVX2, below: belowAVX2, between: betweenAVX2,
		ranked: rankedAVX2, known: knownAVX2, gather: gatherAVX2,
	}
}

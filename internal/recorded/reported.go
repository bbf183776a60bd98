package recorded

// What others report of recordings in a layout, for the tables to stand beside. They
// were measured on the whole data sets, with other windows and in part with more
// signals; none of it is used.
var (
	// Yu et al., "Nezha", ESEC/FSE 2023, on 56 faults of two applications.
	nezhaReported = []string{
		"whole set of 56 faults (Nezha, ESEC/FSE'23), top-1/3/5: MicroRCA .16/.63/.93, MicroRank .41/.48/.63, PDiagnose .41/.73/.82, Nezha, with logs, .93/.96/.96",
	}
	// Hardt et al., "The PetShop Dataset", CLeaR 2024; Nagalapatti et al., ICLR 2025.
	petShopReported = []string{
		"latency, low traffic (PetShop, CLeaR'24), top-1/top-3: traversal .571/.571",
		"latency, low traffic (IDI, ICLR'25), recall@1 by variant: .70 to .90",
	}
)

package step

// A Kind is a kind of resources, as it is registered.
type Kind[S any] struct {
	Name string
	// Check is the check of a verification that the kind belongs to, such as files.
	Check string
	// Gate says that resources of the kind have no change of their own: other
	// resources are behind them. A check needs more than gates.
	Gate bool
	// New lists the resources of this kind for a subject: what a target of the
	// Spec asks for.
	New func(S) []Resource
}

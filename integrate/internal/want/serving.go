package want

// A Serving says how a host will serve a backend of Cinder, with its files as the
// plan leaves them. The settings of cinder-volume give a []Serving as their Fact.
type Serving struct {
	Backend, Host string
	Name          string // that the service of the backend has there
	Cluster       string // [DEFAULT] cluster
	Coordinator   string // [coordination] backend_url
	Standby       bool   // cinder-volume stands by there
}

package openstacktest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cephstack/cephstack/openstack/api"
)

// A Config says what the cloud is made of. The zero Config is a controller
// with backend "nfs" and two computes.
type Config struct {
	Controller string   // host of everything but computes; "controller" when empty
	Computes   []string // hosts of nova-compute; compute1 and compute2 when nil
	Backends   []string // of cinder-volume; "nfs" when nil
	Stores     []string // of Glance, the default store first; nil: a single store without a name, unless a hook sets some
	Password   string   // of user admin; "fake-password" when empty
	Looks      int      // GETs that see an object unfinished before it is there; 1 when 0; negative: 0 GETs
	PageSize   int      // of lists; 25 when 0
	NovaMax    int      // newest compute microversion, 2.x; 93 (Zed) when 0
	Hooks      Hooks

	// Now is the clock of the services, in their answers and in what they make; time.Now when nil. Where NoDate is set,
	// answers have no Date, as those of some servers have none.
	Now    func() time.Time
	NoDate bool

	// Fail is asked before each request, logins included. When ok is true, status and
	// body are the answer. Status 0 cuts the connection, and LostAnswer does so once the
	// request is done. With 429 and 503 the client is
	// asked to come back at once. Optional.
	Fail func(r *http.Request) (status int, body string, ok bool)
}

// Hooks tell the package that uses the fake what happens, for example to mirror it
// into a fake Ceph. Each hook is optional. Hooks run one after the other, and without
// the Server's lock: a hook may call the Server's methods, and must not send requests
// to it. When a hook gets a pointer to an object, its changes to the object are kept.
// When a hook fails, the object goes into error, and the text of the hook's error is
// the reason.
type Hooks struct {
	// ImageUploaded gets the store that was asked for in Stores. It may set Stores and
	// DirectURL. Its ErrNoStore is HTTP 400.
	ImageUploaded func(i *api.Image, data []byte) error
	ImageDeleted  func(i api.Image) error // an error is HTTP 409: the image is in use
	VolumeCreated func(v *api.Volume, from api.VolumeRequest) error
	// BackendName is the volume_backend_name of a cinder-volume, by its host@backend; the name of
	// the backend where there is no hook.
	BackendName func(service string) string
	// VolumeDeleted and SnapshotDeleted return ErrBusy to make the object available again.
	VolumeDeleted   func(v api.Volume) error
	SnapshotCreated func(s api.Snapshot) error
	SnapshotDeleted func(s api.Snapshot) error
	// BackupCreated gets the ID of the backup that an incremental backup builds upon. It
	// may set Container.
	BackupCreated     func(b *api.Backup, parent string) error
	BackupDeleted     func(b api.Backup) error
	BackupRestored    func(b api.Backup, v *api.Volume) error
	ServerCreated     func(s *api.Server, userData []byte) error
	ServerDeleted     func(s api.Server) error
	ServerChanged     func(s api.Server, action string) error // "start", "stop", "reboot"
	ServerSnapshotted func(s api.Server, i *api.Image) (data []byte, err error)
	Attached          func(s api.Server, v api.Volume) error
	Detached          func(s api.Server, v api.Volume) error
	Migrated          func(s api.Server, to string) error // s.Host is where it comes from
	Console           func(serverID string) string

	// VolumeConnection is how a compute is to reach a volume, by the configuration that the cinder-volume of the
	// volume's backend runs with: Pool, Image, User, Secret, Monitors and Cluster. The zero Disk is a volume that is not
	// in Ceph.
	VolumeConnection func(v api.Volume) Disk
	// ComputeConnection is where the nova-compute of a host keeps disks of its own, and how it reaches them, by the
	// configuration that it runs with: Pool, User, Secret, Monitors and Cluster. The zero Disk keeps them in files.
	ComputeConnection func(host string) Disk
	// DiskOpened runs whenever QEMU on a host opens a disk in Ceph, before the guest runs there: at a boot, a start, a
	// hard reboot, an attachment, and on the host that a live migration comes to. Its error is the reason why that fails.
	DiskOpened func(d Disk) error
	// DiskClosed runs whenever QEMU on a host lets go of a disk in Ceph.
	DiskClosed func(d Disk)
}

// A Server is a fake cloud: identity v3, image v2, volume v3 and compute v2.1
// as far as package api uses them. All methods may be called at any time
// from any goroutine.
type Server struct {
	URL string // of the identity service, without /v3

	cfg  Config
	http *httptest.Server
	hook sync.Mutex // one hook at a time

	mu          sync.Mutex
	interrupted func(*http.Request) (int, string, bool)
	serial      int
	tokens      map[string]bool
	violations  []string
	pending     []*change
	services    []*api.ServiceRecord
	hung        map[*api.ServiceRecord]bool
	qemu        map[string]int    // by compute, where it is not the usual one
	drivers     map[string]string // by compute, where it is not QEMU
	images      table[image]
	volumes     table[volume]
	snapshots   table[api.Snapshot]
	backups     table[backup]
	types       table[volumeType]
	flavors     table[Flavor]
	servers     table[server]
	actions     map[string]*action // by request ID
	migrations  []*api.Migration
	attachments table[api.Attachment]
	byVolume    map[string][]string // IDs of attachments
	rooms       map[string]api.Room // by compute, where it is not the usual one
	failing     int                 // how many live migrations fail
	reason      string              // why
	slow        int                 // how many more looks a live migration takes

	brokenRefreshes int // how many refreshes of attachments fail
	aggregates      []api.Aggregate
	messages        []message
}

// New starts a fake cloud. Close it after use; Start does that for tests.
func New(cfg Config) *Server {
	def := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	def(&cfg.Controller, "controller")
	def(&cfg.Password, "fake-password")
	if cfg.Computes == nil {
		cfg.Computes = []string{"compute1", "compute2"}
	}
	if cfg.Backends == nil {
		cfg.Backends = []string{"nfs"}
	}
	if cfg.Looks == 0 {
		cfg.Looks = 1
	}
	if cfg.PageSize == 0 {
		cfg.PageSize = 25
	}
	if cfg.NovaMax == 0 {
		cfg.NovaMax = 93
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Server{cfg: cfg, tokens: map[string]bool{}, actions: map[string]*action{}, qemu: map[string]int{},
		drivers: map[string]string{},
		hung:    map[*api.ServiceRecord]bool{}, rooms: map[string]api.Room{}, byVolume: map[string][]string{}}
	s.AddVolumeType("__DEFAULT__", "")
	s.populate()
	s.http = httptest.NewServer(s.handler())
	s.URL = s.http.URL + "/identity"
	return s
}

// Start is New for a test: it closes the Server at the test's end and fails
// the test for each request that a real cloud would not know.
func Start(t testing.TB, cfg Config) *Server {
	t.Helper()
	s := New(cfg)
	t.Cleanup(func() {
		s.Close()
		for _, v := range s.Violations() {
			t.Errorf("openstacktest: %s", v)
		}
	})
	return s
}

// Close stops the Server.
func (s *Server) Close() { s.http.Close() }

// Violations gives the requests so far that the fake does not know: paths,
// fields and queries that package api must not send.
func (s *Server) Violations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.violations)
}

// CloudsYAML is a clouds.yaml with the cloud "fake", for user admin.
func (s *Server) CloudsYAML() []byte {
	return fmt.Appendf(nil, `clouds:
  fake:
    region_name: RegionOne
    auth:
      auth_url: %s/v3
      username: admin
      password: %q
      project_name: admin
      user_domain_name: Default
      project_domain_name: Default
`, s.URL, s.cfg.Password)
}

// CloudConfig writes clouds.yaml into folder dir and gives the Config that
// dials the fake, with a short Poll.
func (s *Server) CloudConfig(dir string) (api.Config, error) {
	name := filepath.Join(dir, "clouds.yaml")
	if err := os.WriteFile(name, s.CloudsYAML(), 0o600); err != nil {
		return api.Config{}, err
	}
	return api.Config{Cloud: "fake", CloudsFile: name, Poll: 2 * time.Millisecond}, nil
}

// ExpireTokens ends all tokens: the next request with such a token is a 401.
func (s *Server) ExpireTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tokens)
}

// now is the time by the clock of the services, which tell no fractions of a second of what they made.
func (s *Server) now() time.Time { return s.cfg.Now().UTC().Truncate(time.Second) }

// made is when something was made that was there before.
func (s *Server) made(at time.Time) time.Time {
	if at.IsZero() {
		return s.now()
	}
	return at.UTC()
}

// id makes an ID in the form of a UUID. s.mu is held.
func (s *Server) id() string {
	s.serial++
	return uuid(s.serial)
}

// uuid is a number in the form of a UUID.
func uuid(n int) string { return fmt.Sprintf("%08x-0000-4000-8000-%012x", n, n) }

// violation records a request that the fake does not know. s.mu is held.
func (s *Server) violation(format string, args ...any) {
	s.violations = append(s.violations, fmt.Sprintf(format, args...))
}

// A failure is an answer that is an error, in the words of the service.
type failure struct {
	code int
	text string
}

func (f failure) Error() string { return f.text }

func refuse(code int, format string, args ...any) error {
	return failure{code, fmt.Sprintf(format, args...)}
}

func noSuch(kind, id string) error {
	return refuse(http.StatusNotFound, "%s %s could not be found.", kind, id)
}

// answer writes a value as JSON; nil is an empty body.
func answer(w http.ResponseWriter, code int, v any) {
	if v == nil {
		w.WriteHeader(code)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v)
}

// decode reads a body of exactly the fields of v. s.mu is held.
func (s *Server) decode(r *http.Request, v any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		s.violation("%s %s: %v", r.Method, r.URL.Path, err)
		return refuse(http.StatusBadRequest, "Invalid input: %v", err)
	}
	return nil
}

// queries refuses query fields that are not in known. s.mu is held.
func (s *Server) queries(r *http.Request, known ...string) error {
	for name := range r.URL.Query() {
		if !slices.Contains(known, name) {
			s.violation("%s %s: query field %s", r.Method, r.URL.Path, name)
			return refuse(http.StatusBadRequest, "Additional properties are not allowed (%s was unexpected)", name)
		}
	}
	return nil
}

// A table keeps objects by ID, in the order of their making.
type table[T any] struct {
	order []string
	byID  map[string]*T
}

func (t *table[T]) add(id string, v T) *T {
	if t.byID == nil {
		t.byID = map[string]*T{}
	}
	if _, ok := t.byID[id]; !ok {
		t.order = append(t.order, id)
	}
	t.byID[id] = &v
	return &v
}

func (t *table[T]) remove(id string) {
	delete(t.byID, id)
	t.order = slices.DeleteFunc(t.order, func(o string) bool { return o == id })
}

func (t *table[T]) all() []*T {
	out := make([]*T, 0, len(t.order))
	for _, id := range t.order {
		out = append(out, t.byID[id])
	}
	return out
}

// page cuts a list: the objects behind marker, and the query of the next page.
func page[T any](s *Server, r *http.Request, t *table[T], keep func(*T) bool) (out []*T, next string) {
	q, most := r.URL.Query(), s.limit(r)
	at := 0
	if m := q.Get("marker"); m != "" {
		at = slices.Index(t.order, m) + 1
	}
	for _, id := range t.order[at:] {
		if keep != nil && !keep(t.byID[id]) {
			continue
		}
		if len(out) == most {
			return out, q.Encode()
		}
		out = append(out, t.byID[id])
		q.Set("marker", id)
	}
	return out, ""
}

// links is the form that the volume and compute services give a next page.
// The link names an address that the client cannot reach, as behind a proxy.
func links(r *http.Request, next string) []map[string]string {
	if next == "" {
		return nil
	}
	return []map[string]string{{"rel": "next", "href": "http://internal.invalid" + r.URL.Path + "?" + next}}
}

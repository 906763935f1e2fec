package remote_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/remote"
)

// TestTheHelperTellsWhereALinkOfRootLeads, and nothing of where a symlink leads that the user can change.
func TestTheHelperTellsWhereALinkOfRootLeads(t *testing.T) {
	for shell, text := range helperShells() {
		t.Run(shell, func(t *testing.T) {
			s := startHelper(t, text)
			const roots = "/srv/cephstack-helper-link"
			users, through := s.dir+"/home/plain/link", "/srv/cephstack-helper-through"
			require.NoError(t, os.Symlink("../srv", roots))
			require.NoError(t, os.Symlink(users, through))
			t.Cleanup(func() { _, _ = os.Remove(roots), os.Remove(through) })
			s.asPlain(t, "ln -s /run link")
			looks := []remote.Op{remote.Stat{Path: roots}, remote.Stat{Path: users}, remote.Stat{Path: through}}
			s.allow(t, looks...)
			r, err := s.helped(t).Do(t.Context(), looks...)
			require.NoError(t, err)
			for i, want := range []string{"/srv", "", ""} {
				require.NoError(t, r[i].Err)
				assert.Equal(t, "symlink", r[i].File.Kind)
				assert.Equal(t, want, r[i].File.Real)
			}
		})
	}
}

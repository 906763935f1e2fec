package audit

import (
	"context"
	"errors"
	"fmt"

	"github.com/cephstack/cephstack/openstack/api"
)

// errOneProject says that lists of the APIs are not of the whole cloud.
var errOneProject = errors.New("the account of the APIs is not an administrator's, so that Glance and Cinder show " +
	"the objects of one project, and hide the others without an error; name the entry of an administrator in cloud.name")

// wholeCloud is an error if the account of the APIs sees one project alone. Nova refuses such an account a list of all
// projects. Glance and Cinder do not: their lists are shorter, and objects of others look as if they were gone. All
// of them refuse such an account the list of services.
func wholeCloud(ctx context.Context, cloud *api.Cloud) error {
	if _, err := cloud.Services(ctx); errors.Is(err, api.ErrDenied) {
		return fmt.Errorf("%w (%w)", errOneProject, err)
	}
	return nil
}

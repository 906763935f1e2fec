// Package rotate moves a cloud from one Ceph user to another, or from one key to another, without an outage.
package rotate

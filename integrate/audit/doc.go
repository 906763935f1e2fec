// Package audit finds what is true about a cloud's data and credentials that no Spec says.
package audit

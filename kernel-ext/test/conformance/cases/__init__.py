"""The tests. Each module makes its cases for one kernel and one profile."""

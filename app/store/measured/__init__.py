"""The facts behind the manager's figures, as SQL.

Each function answers a select of facts, one row for each thing that is counted: `subject_id`, the
`owner_id` whose figure it is, some dimensions, and what is measured (`hit` 0 or 1, `value`,
`amount`). `ground` counts them, or names the records behind a count: so a figure and the list that
it leads to cannot disagree.
"""

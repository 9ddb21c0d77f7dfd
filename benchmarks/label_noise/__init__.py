"""What the benchmarks of label errors share: data, planted errors, trainings, rankings, figures."""

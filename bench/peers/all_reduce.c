/* The peer of `worldsize bench all-reduce`: MPI_Allreduce in place, one JSON line per size.
 * Build: mpicc -O3 all_reduce.c -o all_reduce; run: mpirun -n RANKS ./all_reduce BYTES ITERATIONS ... */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  for (int arg = 1; arg + 1 < argc; arg += 2) {
    size_t bytes = strtoull(argv[arg], 0, 10);
    int iterations = atoi(argv[arg + 1]);
    float *data = calloc(bytes, 1);
    for (int i = 0; i < iterations / 4 + 1; i++)
      MPI_Allreduce(MPI_IN_PLACE, data, bytes / 4, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
    double best = 1e9;
    for (int round = 0; round < 3; round++) {
      MPI_Barrier(MPI_COMM_WORLD);
      double start = MPI_Wtime();
      for (int i = 0; i < iterations; i++)
        MPI_Allreduce(MPI_IN_PLACE, data, bytes / 4, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
      double each = (MPI_Wtime() - start) / iterations;
      if (each < best) best = each;
    }
    if (rank == 0) printf("{\"bytes\": %zu, \"seconds\": %.9f}\n", bytes, best);
    free(data);
  }
  MPI_Finalize();
}

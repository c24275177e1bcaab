/* The peer of `worldsize bench pieces`: MPI_Allgather, one JSON line per size of the whole buffer.
 * Build: mpicc -O3 ... ; run: mpirun -n RANKS ./driver BYTES ITERATIONS ... */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  int rank, size;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  for (int arg = 1; arg + 1 < argc; arg += 2) {
    size_t bytes = strtoull(argv[arg], 0, 10);
    int iterations = atoi(argv[arg + 1]);
    int n = bytes / 4 / size;
    float *whole = calloc(bytes, 1), *piece = calloc(bytes / size, 1);
    for (size_t i = 0; i < bytes / 4; i++) whole[i] = rank;
    for (int i = 0; i < n; i++) piece[i] = rank;
    for (int i = 0; i < iterations / 4 + 1; i++) MPI_Allgather(piece, n, MPI_FLOAT, whole, n, MPI_FLOAT, MPI_COMM_WORLD);
    double best = 1e9;
    for (int round = 0; round < 3; round++) {
      MPI_Barrier(MPI_COMM_WORLD);
      double start = MPI_Wtime();
      for (int i = 0; i < iterations; i++) MPI_Allgather(piece, n, MPI_FLOAT, whole, n, MPI_FLOAT, MPI_COMM_WORLD);
      double each = (MPI_Wtime() - start) / iterations;
      if (each < best) best = each;
    }
    if (rank == 0) printf("{\"bytes\": %zu, \"seconds\": %.9f}\n", bytes, best);
    free(whole);
    free(piece);
  }
  MPI_Finalize();
}

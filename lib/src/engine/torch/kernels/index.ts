/** Importing a file registers its kernels. */
import "./arithmetic.js";
import "./comparison.js";
import "./complex.js";
import "./convolution-kernels.js";
import "./cumulative.js";
import "./dilation.js";
import "./elementwise.js";
import "./host-kernels.js";
import "./indexing.js";
import "./matrix-products.js";
import "./normalisation.js";
import "./pooling.js";
import "./reductions.js";
import "./resizing.js";
import "./slicing.js";
import "./sorting.js";
import "./structure.js";
